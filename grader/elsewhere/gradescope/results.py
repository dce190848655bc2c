"""Verdicts as the `results.json` of Gradescope: a test for each step, and our verdicts whole, for staff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from grader.batch import visible
from grader.batch.course import Assignment, Visibility
from grader.elsewhere.graded import Graded
from grader.reports.plain import step_text
from grader.verdict import Outcome, StepResult

AFTER_DUE = "after_due_date"


def results(graded: Sequence[Graded], due: datetime | None, now: datetime) -> dict[str, Any]:
    """Return the document; the points of a student are the sum over the tests."""
    verdicts = [each.verdict for each in graded if each.verdict]
    return {
        "output": _conditions(graded),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(sum(each.seconds for each in verdicts), 3),
        "tests": [test for each in graded for test in _tests(each, due, now)],
        "extra_data": {"verdicts": [each.to_dict() for each in verdicts]},
    }


def _conditions(graded: Sequence[Graded]) -> str:
    """Return what holds of all: what was made of files, how it ran, and with what."""
    lines = [f"{each.assignment.exercise.number:02}: {each.said}" for each in graded if each.said]
    known = dict.fromkeys(f"{name} {version}" for each in graded if each.verdict for name, version in
                          each.verdict.versions.items())  # fmt: skip
    isolation = dict.fromkeys(part for each in graded if each.verdict for part in each.verdict.isolation)
    if known:
        lines.append(f"Graded with {', '.join(known)}. Isolation: {', '.join(isolation) or 'a process of its own'}.")
    return "\n".join(lines)


def _tests(graded: Graded, due: datetime | None, now: datetime) -> Iterator[dict[str, Any]]:
    assignment = graded.assignment
    for index, name in enumerate(assignment.exercise.steps, 1):
        step = next((each for each in graded.verdict.steps if each.name == name), None) if graded.verdict else None
        test = {
            "name": _name(assignment, name),
            "number": f"{assignment.exercise.number}.{index}",
            "score": graded.points[name],
            "max_score": assignment.points[name],
            "status": "passed" if step and step.outcome is Outcome.PASSED else "failed",
            "visibility": "visible",
        }
        if step is None:
            yield {**test, "output": graded.said}
        else:
            yield from _of_step(test, step, assignment.visibility[name], due, now)


def _name(assignment: Assignment, step: str) -> str:
    return f"{assignment.exercise.number:02} {assignment.exercise.title}: {step}"


def _of_step(
    test: dict[str, Any], step: StepResult, visibility: Visibility, due: datetime | None, now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the test of a step; what is to be seen only after the due date is a test of its own, without points."""
    seen = visible.at(visibility, due, now)
    yield test | _said(visible.step_to_student(step, seen))
    if visibility is Visibility.AFTER_DUE and seen is not Visibility.FULL and step.outcome is not Outcome.PASSED:
        told = {"name": f"{test['name']}, in full", "number": f"{test['number']}.1", "visibility": AFTER_DUE}
        yield told | {"status": test["status"], "score": 0.0, "max_score": 0.0} | _said(step)


def _said(step: StepResult) -> dict[str, Any]:
    named = dict.fromkeys(check.misconception for check in step.checks if check.misconception)
    return {
        "output": step_text(step),
        "tags": [each for each in named if each],
        "extra_data": {"outcome": step.outcome},
    }
