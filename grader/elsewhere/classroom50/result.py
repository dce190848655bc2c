"""Verdicts as the `result.json` of Classroom 50: a test for each step, in whole points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from grader.batch import visible
from grader.elsewhere.graded import Graded
from grader.elsewhere.task import Task
from grader.errors import GraderError, UsageError
from grader.reports.plain import step_text
from grader.verdict import Outcome

SCHEMA = "classroom50/result/v1"
STAMP = "%Y-%m-%dT%H:%M:%SZ"
FROM_ENVIRONMENT = {"classroom": "CLASSROOM", "assignment": "ASSIGNMENT", "submission": "SUBMISSION_TAG",
                    "commit": "COMMIT_URL", "release": "RELEASE_URL"}  # fmt: skip


def require_whole_points(task: Task) -> None:
    """Raise UsageError where a step has points that Classroom 50 cannot count."""
    for each in task.assignments:
        for step, points in each.points.items():
            if points != int(points):
                name = f"{each.exercise.number:02} {step}"
                raise UsageError(f"Classroom 50 counts whole points, and {name} has {points:g}; change the course file")


def result(
    graded: Sequence[Graded], environment: Mapping[str, str], committed: datetime, now: datetime
) -> dict[str, Any]:
    """Return the document; raise GraderError where the environment lacks what has to stand in it."""
    tests = [test for each in graded for test in _tests(each, now)]
    named = {key: _of(environment, name) for key, name in FROM_ENVIRONMENT.items()}
    return {
        "schema": SCHEMA,
        **named,
        "assignment_type": environment.get("ASSIGNMENT_TYPE") or "individual",
        "owner": environment.get("OWNER") or _of(environment, "USERNAME"),
        "review": environment.get("REVIEW_URL") or named["commit"],
        "datetime": committed.strftime(STAMP),
        "graded_at": now.strftime(STAMP),
        "score": sum(each["score"] for each in tests),
        "max-score": sum(each["max-score"] for each in tests),
        "tests": tests,
    }


def _of(environment: Mapping[str, str], name: str) -> str:
    if not (found := environment.get(name)):
        raise GraderError(f"the environment has no {name}, which Classroom 50 sets")
    return found


def _tests(graded: Graded, now: datetime) -> Iterator[dict[str, Any]]:
    assignment, steps = graded.assignment, {each.name: each for each in graded.verdict.steps} if graded.verdict else {}
    for name in assignment.exercise.steps:
        outcome, output = Outcome.FAILED, graded.said
        if name in steps:
            seen = visible.at(assignment.visibility[name], assignment.due, now)
            outcome, output = steps[name].outcome, step_text(visible.step_to_student(steps[name], seen))
        yield {
            "test-name": f"{assignment.exercise.name}: {name}",
            "passed": outcome is Outcome.PASSED,
            "score": int(graded.points[name]),
            "max-score": int(assignment.points[name]),
            "outcome": outcome,
            "output": output,
        }
