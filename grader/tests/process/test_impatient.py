"""A grader that is impatient waits for an endless loop once, and still grades what the loop does not hold up."""

import pytest

from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.overlay import lay_over
from grader.judging.source import Source
from grader.verdict import Outcome

LOOP = "def build_four(*args, **kwargs):\n    while True:\n        pass\n"


@pytest.fixture(scope="module")
def impatient(launcher):
    return Grader("cpu", Limits(call=1.0, exercise=30.0), launcher, impatient=True)


def graded(grader, exercise, text):
    verdict = grader.grade(exercise, Source(exercise.stub, text, ""), seed=3)
    return verdict, [check.outcome for step in verdict.steps for check in step.checks]


def test_a_loop_in_one_step_costs_one_call(impatient, exercise):
    text = lay_over(exercise.solution.read_text(encoding="utf-8"), LOOP)
    verdict, outcomes = graded(impatient, exercise, text)
    assert outcomes.count(Outcome.TIMEOUT) == 1
    assert {step.name: step.outcome for step in verdict.steps}["build_four"] is Outcome.TIMEOUT
    assert [step.name for step in verdict.steps if step.outcome is not Outcome.PASSED] == ["build_four"]


def test_a_loop_while_the_file_is_imported_costs_one_call(impatient, exercise):
    verdict, outcomes = graded(impatient, exercise, "while True:\n    pass\n")
    assert outcomes.count(Outcome.TIMEOUT) == 1
    assert set(outcomes) == {Outcome.TIMEOUT, Outcome.BLOCKED}
    assert verdict.outcome is Outcome.TIMEOUT


def test_what_comes_in_time_is_graded_as_ever(impatient, exercise):
    verdict, _ = graded(impatient, exercise, exercise.solution.read_text(encoding="utf-8"))
    assert verdict.passed
