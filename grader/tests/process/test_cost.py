"""What the steps of a submission cost, as it is measured in a child."""

from __future__ import annotations

from dataclasses import replace

from grader.catalogue.catalogue import find
from grader.judging.cost import differences
from grader.judging.source import Source, read_source

EXERCISE = find("05")


SOLUTION = EXERCISE.solution.read_text(encoding="utf-8")


def counted(cost):
    """Return a cost without its seconds, which depend on what else the machine does."""
    return replace(cost, seconds=0.0)


def test_the_solution_costs_the_same_twice(grader):
    source = read_source(EXERCISE.solution)
    first, again = (grader.measure(EXERCISE, source, seed=3) for _ in range(2))
    assert first.keys() == set(EXERCISE.steps)
    assert [counted(cost) for cost in first.values()] == [counted(cost) for cost in again.values()]


def test_a_spare_copy_is_counted(grader):
    text = SOLUTION.replace("x.clone()", "x.clone().clone()")
    assert text != SOLUTION
    yours, expected = (
        grader.measure(EXERCISE, each, seed=3)
        for each in (Source(EXERCISE.stub, text, ""), read_source(EXERCISE.solution))
    )
    assert "copies of tensors" in " ".join(differences(yours["middle_and_leaf"], expected["middle_and_leaf"]))
    assert counted(yours["switch_on"]) == counted(expected["switch_on"])


def test_a_step_that_does_not_pass_is_not_measured(grader):
    text = SOLUTION.replace("return tensor.requires_grad_()", "return tensor")
    found = grader.measure(EXERCISE, Source(EXERCISE.stub, text, ""), seed=3)
    assert "switch_on" not in found
    assert "middle_and_leaf" in found
