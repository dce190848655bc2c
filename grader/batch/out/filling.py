"""What a sheet is filled with: the points of each student over some exercises, and what is left alone and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from grader.batch.course import Course
from grader.batch.out.facts import EXCUSED, FAULT, NOTHING, WAITS, Fact
from grader.errors import UsageError

ABSENT, LOCKED, NOT_DUE, UNGRADED = "not in the results", "locked in the sheet", "not due yet", "not graded yet"


@dataclass(frozen=True)
class Standing:
    """Everybody's points over some exercises: by the student's id, a number, or why there is none."""

    points: dict[str, float | str]
    most: float


@dataclass
class Filled:
    """How many cells were filled, and why others were left."""

    count: int = 0
    left: Counter[str] = field(default_factory=Counter)

    def leave(self, why: str, count: int = 1) -> None:
        """Count cells that stay as they are."""
        if count:
            self.left[why] += count

    def told(self) -> str:
        """Return it in a sentence."""
        rest = ", ".join(f"{count} {why}" for why, count in self.left.most_common())
        return f"{self.count} filled" + (f"; left as they were: {rest}" if rest else "")


def over(facts: Iterable[Fact], course: Course, exercises: Sequence[str], now: datetime) -> Standing:
    """Return everybody's points over these exercises, all of them graded or none told."""
    by_student: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.exercise in exercises:
            by_student[fact.student.id].append(fact)
    most = sum(each.most for each in course.assignments if each.exercise.name in exercises)
    return Standing({student: _of(found, course, now) for student, found in by_student.items()}, most)


def _of(facts: Sequence[Fact], course: Course, now: datetime) -> float | str:
    states = {fact.state for fact in facts}
    if EXCUSED in states:
        return EXCUSED
    if states & {WAITS, FAULT} or any(fact.points is None for fact in facts):
        return UNGRADED
    if states == {NOTHING} and any(_is_open(fact, course, now) for fact in facts):
        return NOT_DUE
    return sum(fact.points or 0.0 for fact in facts)


def _is_open(fact: Fact, course: Course, now: datetime) -> bool:
    """Return whether something may still be handed in: until then, nothing is no zero."""
    assignment = course.assignment(fact.exercise)
    due = course.due(fact.student.id, assignment) if assignment else None
    return due is not None and now < due


def scale(name: str, most: float, theirs: float | None, *, wanted: bool) -> float:
    """Return by what points are multiplied; raise UsageError where both sides count otherwise and nobody said so."""
    if theirs is None or not most or abs(theirs - most) < 0.005:
        return 1.0
    if not wanted:
        said = f"{name} gives {theirs:g} points, and the course {most:g}"
        raise UsageError(f"{said}; --scale counts in theirs, or let the course file give as many")
    return theirs / most
