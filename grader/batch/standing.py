"""Where each student stands with each exercise: which of their files counts, how late it was, and what it gets."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.batch.course import DAY, Assignment, Course, Several
from grader.record.results import Results
from grader.record.rows import Result, State, Student, Submission
from grader.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Standing:
    """A student and an exercise. Without a submission nothing was handed in; without a result nothing is planned yet.

    `points` of `most` are what is left after `deducted`, None as long as there is no verdict: a fault of the grader is
    no zero. `late_days` counts the days begun after due date and grace; None where nobody knows. `handed_in` counts the
    files. `by_step` holds the points of each step before the deduction.
    """

    student: Student
    assignment: Assignment
    submission: Submission | None = None
    result: Result | None = None
    verdict: Verdict | None = None
    by_step: Mapping[str, float] | None = None
    deducted: float = 0.0
    late_days: int | None = 0
    excused: bool = False
    handed_in: int = 0

    @property
    def most(self) -> float:
        """The points for everything."""
        return self.assignment.most

    @property
    def points(self) -> float | None:
        """What the student gets; 0 where nothing was handed in."""
        if self.submission is None:
            return None if self.excused else 0.0
        return None if self.by_step is None else max(0.0, sum(self.by_step.values()) - self.deducted)


def standings(results: Results, course: Course) -> Iterator[Standing]:
    """Yield where everybody stands, by student and exercise."""
    handed_in = _handed_in(results.submissions(with_text=False))
    keys = {each.submission: each.key for each in results.plan() if each.device == course.device}
    for student in results.students():
        for each in course.assignments:
            files = handed_in.get((student.id, each.exercise.name), [])
            yield _standing(results, course, student, each, files, keys)


def _handed_in(submissions: Iterable[Submission]) -> dict[tuple[str, str], list[Submission]]:
    found = defaultdict(list)
    for each in submissions:
        found[each.student, each.exercise].append(each)
    return found


def _standing(
    results: Results, course: Course, student: Student, assignment: Assignment, files: list[Submission],
    keys: dict[int, str],
) -> Standing:  # fmt: skip
    excused = (student.id, assignment.exercise.name) in course.excused
    candidates = files if course.several is Several.BEST else counting(course, files)
    found = [_of(results, course, student, assignment, each, keys.get(each.id, "")) for each in candidates]
    if not found:
        return Standing(student, assignment, excused=excused)
    best = max(found, key=lambda each: -1.0 if each.points is None else each.points)
    return Standing(
        student, assignment, best.submission, best.result, best.verdict, best.by_step, best.deducted, best.late_days,
        excused, len(files),
    )  # fmt: skip


def counting(course: Course, files: list[Submission]) -> list[Submission]:
    """Return which of a student's files for an exercise have to be graded: the latest, or all where the best counts."""
    if course.several is Several.BEST or not files:
        return files
    return [max(files, key=lambda each: (each.at or 0.0, each.id))]


def _of(
    results: Results, course: Course, student: Student, assignment: Assignment, submission: Submission, key: str
) -> Standing:  # fmt: skip
    result = results.result(key) if key else None
    late_days = days_late(course, student.id, assignment, submission)
    if result is None or result.state is not State.DONE or (verdict := result.verdict) is None:
        return Standing(student, assignment, submission, result, late_days=late_days)
    if verdict.outcome is Outcome.UNAVAILABLE:
        return Standing(student, assignment, submission, result, verdict, late_days=late_days)
    by_step = points_by_step(assignment, verdict)
    share = min(1.0, (late_days or 0) * assignment.late.percent_a_day / 100)
    deducted = round(sum(by_step.values()) * share, 6)
    return Standing(student, assignment, submission, result, verdict, by_step, deducted, late_days)


def points_by_step(assignment: Assignment, verdict: Verdict) -> dict[str, float]:
    """Return what each step gets: all of its points, or none."""
    passed = {step.name for step in verdict.steps if step.outcome is Outcome.PASSED}
    return {step: points if step in passed else 0.0 for step, points in assignment.points.items()}


def days_late(course: Course, student: str, assignment: Assignment, submission: Submission) -> int | None:
    """Return how many days after due date and grace had begun; None where the roster does not tell."""
    due = course.due(student, assignment)
    if submission.at is None:
        if submission.late:
            return assignment.late.unknown_days or None
        return 0 if due is None else None
    if due is None:
        return 0
    over = datetime.fromtimestamp(submission.at, UTC) - due
    return max(0, math.ceil((over - DAY * assignment.late.grace_days) / DAY))
