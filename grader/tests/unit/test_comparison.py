"""A learner's code beside the solution: what counts as a difference, and what is said about it."""

from __future__ import annotations

import pytest

from grader.catalogue.catalogue import find
from grader.errors import UsageError
from grader.judging.cost import Cost, differences
from grader.judging.overlay import lay_over
from grader.learning.side_by_side import Side, compare

EXERCISE = find("05")
SOLUTION = EXERCISE.solution.read_text(encoding="utf-8")


def step(text, name):
    return next(each for each in compare(EXERCISE, text) if each.step == name)


def test_the_solution_is_the_same_as_itself():
    assert all(each.same for each in compare(EXERCISE, SOLUTION))


def test_layout_comments_and_docstrings_are_no_difference():
    text = (
        "def switch_on(tensor: torch.Tensor) -> torch.Tensor:\n"
        '    """Text."""\n    # mine\n'
        "    return (tensor\n        .requires_grad_())\n"
    )
    assert step(lay_over(SOLUTION, text), "switch_on").same


def test_only_what_differs_is_marked():
    found = step(SOLUTION.replace("leaf**2", "leaf * leaf"), "middle_and_leaf")
    marked = [(left, right) for kind, _, left, right in found.lines if kind is Side.YOURS]
    assert [("leaf * leaf" in left, "leaf**2" in right) for left, right in marked] == [(True, True)]


def test_the_solutions_own_comments_say_why():
    assert "Backward frees" in " ".join(step(SOLUTION, "middle_and_leaf").why)
    assert "(N,)" not in " ".join(step(SOLUTION, "middle_and_leaf").why)


@pytest.mark.parametrize("odd", ["\f", "# \x1c\x85\u2028\n", "\r\n", "\r", "x = '\x0b'\n"])
def test_a_step_is_found_whatever_stands_before_it(odd):
    assert all(each.same for each in compare(EXERCISE, odd + SOLUTION))
    assert all(each.same for each in compare(EXERCISE, SOLUTION.replace("\n\n\n", f"\n\n{odd}\n")))


def test_a_step_that_is_not_there_is_shown_as_missing():
    found = step("import torch\n", "switch_on")
    assert not found.same
    assert found.yours == ""


@pytest.mark.parametrize("text", ["def (", "\0"])
def test_what_is_no_python_is_said_in_one_line(text):
    with pytest.raises(UsageError, match="cannot be read as Python"):
        compare(EXERCISE, text)


@pytest.mark.parametrize(
    ("yours", "said"),
    [
        (Cost(operations=3), "3 operations, the solution 2"),
        (Cost(2, nodes=5), "5 graph nodes, the solution 0"),
        (Cost(2, bytes=20_000_000), "20 MB of new tensors, the solution 0 bytes"),
        (Cost(2, seconds=9.0), "9.0 times as slow as the solution"),
    ],
)
def test_differences_in_words(yours, said):
    assert differences(yours, Cost(2, seconds=1.0 if yours.seconds else 0.0)) == [said]
