"""What a learner has to do next, and where in the file."""

from __future__ import annotations

from grader.catalogue.catalogue import Exercise
from grader.judging.overlay import definitions
from grader.record.workspace import is_unwritten
from grader.reports.telling import told_steps
from grader.verdict import CheckResult, Outcome, StepResult, Verdict


def troubles(verdict: Verdict) -> list[tuple[StepResult, list[CheckResult]]]:
    """Return the steps that were begun and did not pass, each with the checks that show it, the most telling first."""
    return [(step, bad) for step in told_steps(verdict) if (bad := _bad(step))]


def _bad(step: StepResult) -> list[CheckResult]:
    if step.outcome in (Outcome.NOT_STARTED, Outcome.BLOCKED):
        return []
    return [check for check in step.checks if check.outcome is not Outcome.PASSED]


def line_to_mend(verdict: Verdict) -> int:
    """Return the line where the first check failed, else that of the first step that did not pass; 0 for neither."""
    for step, (check, *_) in troubles(verdict):
        if found := check.lines[-1].number if check.lines else step.line:
            return found
    return next((step.line for step in verdict.steps if step.outcome is not Outcome.PASSED), 0)


def line_to_write(exercise: Exercise, text: str) -> int:
    """Return the line of the first step that is not written yet, or of the first of all; 1 where none is found."""
    try:
        steps = {name: node for name, node in definitions(text).items() if name in exercise.steps}
    except SyntaxError as error:
        return error.lineno or 1
    except (ValueError, RecursionError, MemoryError):  # the last two: brackets nested without end
        return 1
    lines = [node.lineno for node in steps.values() if is_unwritten(node)]
    return min(lines or [node.lineno for node in steps.values()] or [1])
