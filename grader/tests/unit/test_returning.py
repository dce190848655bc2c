"""A function without `return` is told by its text, and only where its caller waits for something."""

from dataclasses import replace

import pytest

from grader.judging.overlay import definitions
from grader.judging.returning import NOTHING_RETURNED, returns_nothing, told_so
from grader.tests.examples import example
from grader.verdict import Outcome

PROMISED = definitions("def f(x) -> int: ...\ndef g(x) -> None: ...\ndef h(x): ...")
SILENT = ["print(x)", "y = x", "return", "def inner(): return x", "y = lambda: x", "return None", "return print(x)"]


@pytest.mark.parametrize("body", SILENT)
def test_a_function_without_return_hands_nothing_back(body):
    assert returns_nothing("f", PROMISED, definitions(f"def f(x):\n    {body}"))


@pytest.mark.parametrize(
    "body",
    ["return x", "yield x", "yield from x", "if x:\n        return x", "return None if x else x", "return np.print(x)"],
)
def test_one_that_may_hand_something_back_is_left_alone(body):
    assert not returns_nothing("f", PROMISED, definitions(f"def f(x):\n    {body}"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g", "def g(x): print(x)"),  # nobody waits for anything
        ("h", "def h(x): print(x)"),  # nobody knows
        ("f", "@cached\ndef f(x): print(x)"),  # what is called is something else
        ("f", "class f: pass"),
        ("f", "f = print"),
    ],
)
def test_what_need_not_return_is_left_alone(name, text):
    assert not returns_nothing(name, PROMISED, definitions(text))


def test_it_is_said_in_place_of_a_guess_and_of_any_other_name():
    check = replace(example().steps[0].checks[0], said="the result is None; is a `return` missing?")
    told = told_so("f", check)
    assert told.said == "the result is None; `f` has no `return` with a value"
    assert told.misconception == NOTHING_RETURNED


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.FAILED])
def test_what_ended_otherwise_is_told_as_it_was(outcome):
    check = example(outcome).steps[0].checks[0]
    assert told_so("f", check) == check


def test_what_never_ran_is_told_as_it_was():
    check = replace(example().steps[0].checks[0], said="`f` does not take the arguments of this call; your file …")
    assert told_so("f", check) == check
