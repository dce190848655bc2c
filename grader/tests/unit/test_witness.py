"""What an exception means that left a probe, and not the learner's own code."""

import pytest

from grader.judging.witness import unless_raised
from grader.sandbox.shared.seen import Called, Seen, SeenException
from grader.verdict import Outcome, SourceLine
from grader.vocabulary.ending import Ending


def said(message, type_name="TypeError"):
    """Return what a learner is told of an exception that came out of a probe."""
    raised = SeenException(type_name, (type_name,), message, (), False, False, None, None)
    with pytest.raises(Ending) as caught:
        unless_raised(Seen(Called("f"), exception=raised), {})
    assert caught.value.outcome is Outcome.FAILED
    return caught.value.said


@pytest.mark.parametrize(
    ("message", "name", "self_counts"),
    [
        ("two_passes() takes 2 positional arguments but 3 were given", "two_passes", False),
        ("f() missing 1 required positional argument: 'x'", "f", False),
        ("f() got an unexpected keyword argument 'lr'", "f", False),
        ("Scale.forward() takes 1 positional argument but 2 were given", "Scale.forward", True),
        ("Scale.forward() missing 1 required positional argument: 'x'", "Scale.forward", False),
    ],
)
def test_a_call_with_other_arguments_is_said_to_be_one(message, name, self_counts):
    told = said(message)
    assert told.startswith(f"`{name}` does not take the arguments of this call (TypeError: {message}")
    assert ("`self` among them" in told) is self_counts


@pytest.mark.parametrize("message", ["'int' object is not callable", "f() argument 'x' must be Tensor, not int"])
def test_what_is_no_such_call_is_told_as_it_was_raised(message):
    assert said(message) == f"what your code made could not be used: TypeError: {message}"


@pytest.mark.parametrize(
    ("line", "is_told"),
    [("<<<<<<< HEAD", True), ("=======", True), (">>>>>>> theirs", True), ("x = = 1", False), ("<<< 1", False)],
)
def test_the_marks_of_a_merge_are_told_as_such(line, is_told):
    bases = ("SyntaxError", "Exception")
    raised = SeenException("SyntaxError", bases, "invalid syntax", (SourceLine(3, line, ""),), True, False, None, None)
    with pytest.raises(Ending) as caught:
        unless_raised(Seen(Called("importing your file"), exception=raised), {})
    assert ("git left this mark" in caught.value.said) is is_told
