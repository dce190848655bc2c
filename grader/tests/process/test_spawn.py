"""Children that are started and not forked."""

from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.source import read_source
from grader.sandbox.parent.spawn import SpawnLauncher


def test_a_fresh_process_for_each_check_does_as_well_as_a_fork(exercise):
    """MPS cannot be used after a fork: there each child is a new interpreter."""
    with Grader("cpu", Limits(call=1000.0, exercise=1000.0), SpawnLauncher()) as grader:
        verdict = grader.grade(exercise, read_source(exercise.solution), seed=1)
    assert verdict.passed
