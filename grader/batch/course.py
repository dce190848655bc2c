"""What a course asks for: exercises, points, due dates, and how a submission to them is graded and shown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.judging.clock import Limits
from grader.seeds import SEEDS

DAY = timedelta(days=1)
FIXED, PER_STUDENT = "fixed", "per student"


class Visibility(StrEnum):
    """What a student is shown of a step that did not pass."""

    NAME = "name"  # that it did not
    DIFFERENCE = "difference"  # and where the result differs, without the misconception
    FULL = "full"
    AFTER_DUE = "after due"  # name until it is due, then full


class Several(StrEnum):
    """Which of several files of one student for one exercise counts."""

    LATEST = "latest"
    BEST = "best"


@dataclass(frozen=True)
class Late:
    """The late rule: days of grace cost nothing; each day begun after them costs so many percent of the points.

    `unknown_days` is how late a submission counts of which the roster says only that it is late.
    """

    grace_days: float = 0.0
    percent_a_day: float = 0.0
    unknown_days: int = 0


@dataclass(frozen=True)
class Assignment:
    """One exercise of the course; `points` and `visibility` by step."""

    exercise: Exercise
    points: dict[str, float]
    visibility: dict[str, Visibility]
    due: datetime | None = None
    late: Late = Late()

    @property
    def most(self) -> float:
        """The points for all steps."""
        return sum(self.points.values())


@dataclass(frozen=True)
class Course:
    """The whole course. `require` names parts of the isolation without which nothing is graded.

    `seed` is a number, FIXED (drawn once for a batch, and kept with its results) or PER_STUDENT. `excused` holds pairs
    of a student's id and an exercise's name, `extensions` maps such pairs to a due date of their own. Unless
    `every_timeout`, the first call that takes too long is the last of its submission.
    """

    title: str = ""
    assignments: tuple[Assignment, ...] = ()
    several: Several = Several.LATEST
    device: str = "cpu"
    seed: int | str = FIXED
    strict: bool = False
    limits: Limits = field(default_factory=Limits)
    every_timeout: bool = False
    require: tuple[str, ...] = ()
    excused: frozenset[tuple[str, str]] = frozenset()
    extensions: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def assignment(self, exercise: str) -> Assignment | None:
        """Return what is asked for in an exercise, by its full name; None where it is not in the course."""
        return next((each for each in self.assignments if each.exercise.name == exercise), None)

    def only(self, exercises: Sequence[Exercise], name: str) -> Course:
        """Return the course with no other exercises than these; raise UsageError for one that it has not got."""
        for each in exercises:
            if self.assignment(each.name) is None:
                there = ", ".join(f"{one.exercise.number:02}" for one in self.assignments)
                raise UsageError(f"exercise {each.number:02} is not in {name}, which has {there}")
        return replace(self, assignments=tuple(one for one in self.assignments if one.exercise in exercises))

    def due(self, student: str, assignment: Assignment) -> datetime | None:
        """Return when a student's submission is due."""
        return self.extensions.get((student, assignment.exercise.name), assignment.due)

    def seed_for(self, student: str, exercise: str, drawn: int) -> int:
        """Return the seed of a student's grading; `drawn` is the number that the batch keeps."""
        if isinstance(self.seed, int):
            return self.seed
        if self.seed == FIXED:
            return drawn
        digest = hashlib.sha256(f"{drawn}\0{student}\0{exercise}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % SEEDS


def plain(chosen: Sequence[Exercise]) -> Course:
    """Return the course where no file says anything: a point for each step, nothing due, everything shown."""
    return Course(assignments=tuple(assignment(each) for each in chosen))


def assignment(
    exercise: Exercise, due: datetime | None = None, late: Late | None = None,
    points: float | dict[str, float] = 1.0, visibility: Visibility | dict[str, Visibility] = Visibility.FULL,
) -> Assignment:  # fmt: skip
    """Return an assignment; a step that a table leaves out has the usual points and visibility."""
    given = points if isinstance(points, dict) else dict.fromkeys(exercise.steps, points)
    shown = visibility if isinstance(visibility, dict) else dict.fromkeys(exercise.steps, visibility)
    return Assignment(
        exercise, {step: given.get(step, 1.0) for step in exercise.steps},
        {step: shown.get(step, Visibility.FULL) for step in exercise.steps}, due, late or Late(),
    )  # fmt: skip
