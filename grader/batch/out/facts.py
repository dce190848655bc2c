"""What a class's page and sheets count: of each student and exercise a little, so that thousands fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.batch.course import Course
from grader.batch.standing import Standing, standings
from grader.record.results import Results
from grader.record.rows import State, Student
from grader.verdict import Outcome, Verdict

EXCUSED, NOTHING, WAITS, FAULT = "excused", "nothing handed in", "not graded yet", "a fault of the grader"


@dataclass(frozen=True)
class Fact:
    """A student and an exercise.

    `state` is the outcome, or why there is none. `steps` maps each step to its outcome, `misconceptions` each id to
    the step in which it was met first. `hours_early` is how long before the due date it was handed in, None where
    nobody knows.
    """

    student: Student
    exercise: str
    state: str
    points: float | None
    most: float
    deducted: float
    late_days: int | None
    handed_in: int
    submission: int
    steps: dict[str, Outcome]
    misconceptions: dict[str, str]
    hours_early: float | None
    seconds: float
    note: str

    @property
    def graded(self) -> bool:
        """Whether there is a verdict."""
        return bool(self.steps)


def of_class(results: Results, course: Course) -> Iterator[tuple[Standing, Fact]]:
    """Yield everybody's standing with each exercise, by student, and what is counted of it."""
    for each in standings(results, course):
        yield each, fact(each, course)


def fact(standing: Standing, course: Course) -> Fact:
    """Return what is counted of a standing."""
    submission, verdict = standing.submission, standing.verdict if standing.by_step is not None else None
    return Fact(
        standing.student, standing.assignment.exercise.name, state(standing), standing.points, standing.most,
        standing.deducted, standing.late_days, standing.handed_in, submission.id if submission else 0,
        {step.name: step.outcome for step in verdict.steps} if verdict else {}, _misconceptions(verdict),
        _hours_early(standing, course), standing.result.seconds if standing.result else 0.0,
        submission.problem or submission.note if submission else "",
    )  # fmt: skip


def state(standing: Standing) -> str:
    """Return in words where a student stands with an exercise."""
    if standing.excused:
        return EXCUSED
    if standing.submission is None:
        return NOTHING
    if standing.result and standing.result.state is State.FAULT:
        return FAULT
    if standing.verdict is None:
        return WAITS
    return standing.verdict.outcome.replace("_", " ")


def _misconceptions(verdict: Verdict | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for step in verdict.steps if verdict else ():
        for check in step.checks:
            if check.misconception:
                found.setdefault(check.misconception, step.name)
    return found


def _hours_early(standing: Standing, course: Course) -> float | None:
    due = course.due(standing.student.id, standing.assignment)
    at = standing.submission.at if standing.submission else None
    if due is None or at is None:
        return None
    return (due - datetime.fromtimestamp(at, UTC)).total_seconds() / 3600


def of_exercise(facts: Iterable[Fact], exercise: str) -> list[Fact]:
    """Return the facts about one exercise."""
    return [each for each in facts if each.exercise == exercise]
