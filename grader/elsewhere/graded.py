"""Grades what one student handed in, exercise by exercise, in the place where another system put it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.batch.course import Assignment, Course
from grader.batch.standing import points_by_step
from grader.elsewhere.handed_in import handed_in
from grader.elsewhere.task import Task
from grader.errors import GraderError, UsageError
from grader.judging.process import Judge
from grader.judging.source import Source, read_source
from grader.record.rows import Submission
from grader.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Graded:
    """An exercise and its verdict; without one, `said` says why the file could not be graded, else what was done."""

    assignment: Assignment
    verdict: Verdict | None
    said: str = ""

    @property
    def points(self) -> dict[str, float]:
        """What each step gets."""
        if self.verdict is None:
            return dict.fromkeys(self.assignment.points, 0.0)
        return points_by_step(self.assignment, self.verdict)


def grade(task: Task, folder: Path, student: str) -> list[Graded]:
    """Return what came of each exercise; raise GraderError where anything else than a student's file is at fault.

    Nothing that a student handed in is followed where it is a link.
    """
    found = handed_in(folder, [each.exercise for each in task.assignments])
    with _judge(task.course) as judge:
        return [_graded(judge, task, each, found[each.exercise.name], student) for each in task.assignments]


def _judge(course: Course) -> Judge:
    impatient = not course.every_timeout
    return Judge(course.limits.call, course.limits.exercise, strict=course.strict, impatient=impatient)


def _graded(judge: Judge, task: Task, assignment: Assignment, submission: Submission, student: str) -> Graded:
    if submission.problem:
        return Graded(assignment, None, f"{submission.path} {submission.problem}".strip())
    seed = task.course.seed_for(student, assignment.exercise.name, task.drawn)
    source = Source(Path(submission.path), submission.text, submission.sha256)
    note = f"{submission.path} {submission.note}" if submission.note else ""
    return Graded(assignment, _verdict(judge, task, assignment, source, seed), note)


def _verdict(judge: Judge, task: Task, assignment: Assignment, source: Source, seed: int) -> Verdict:
    """Return the verdict; what a course asks for and this place does not offer is no student's fault."""
    try:
        [verdict] = judge.grade(assignment.exercise, source, task.course.device, seed, more=len(task.assignments) > 1)
    except UsageError as error:
        raise GraderError(str(error)) from None
    if verdict.outcome is Outcome.UNAVAILABLE:
        raise GraderError(f"{verdict.said}; the course wants to be graded on {task.course.device}")
    for part in task.course.require:
        if not any(each.startswith(part) for each in verdict.isolation):
            there = ", ".join(verdict.isolation) or "nothing"
            raise GraderError(f"the course requires {part}, and there is {there} here")
    return verdict


def prove(task: Task) -> Iterator[Graded]:
    """Yield what comes of the solution of each exercise, to see that this place can grade."""
    with _judge(task.course) as judge:
        for each in task.assignments:
            yield Graded(each, _verdict(judge, task, each, read_source(each.exercise.solution), task.drawn))
