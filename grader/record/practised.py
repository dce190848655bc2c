"""What a learner practised: questions answered, exercises handed out once more. Rows are added and never changed.

So the records of two machines become one by putting their rows together, and what is due is computed from the rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.record.database import Database
from grader.record.progress import DRILLED, MET, MIGRATIONS, REVIEW, REVIEW_ATTEMPT, insert, met_in
from grader.verdict import Outcome, Verdict

ATTEMPTS = "SELECT at, exercise, device, outcome, submission, steps_passed, steps FROM attempt ORDER BY at"
AGAIN = "SELECT at, exercise, device, outcome, submission, steps_passed, steps, began FROM review_attempt ORDER BY at"


@dataclass(frozen=True)
class Attempt:
    """One grading of an exercise, at a Unix time; one in a review says when that `began`."""

    at: float
    exercise: str
    device: str
    outcome: str
    submission: str
    steps_passed: int
    steps: int
    began: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every step passed."""
        return self.outcome == Outcome.PASSED


@dataclass(frozen=True)
class Met:
    """A misconception that a verdict named."""

    at: float
    exercise: str
    step: str
    misconception: str


@dataclass(frozen=True)
class Drilled:
    """An answer to a question about a misconception; it took so many seconds."""

    at: float
    misconception: str
    correct: bool
    seconds: float


@dataclass(frozen=True)
class Review:
    """An exercise that was handed out once more."""

    at: float
    exercise: str


@dataclass(frozen=True)
class History:
    """All that happened, the oldest first. `hints` counts those that were taken for each exercise."""

    attempts: tuple[Attempt, ...] = ()
    met: tuple[Met, ...] = ()
    drilled: tuple[Drilled, ...] = ()
    reviews: tuple[Review, ...] = ()
    again: tuple[Attempt, ...] = ()
    hints: tuple[tuple[str, int], ...] = ()

    @property
    def begun(self) -> frozenset[str]:
        """The exercises in which something was written."""
        return frozenset(each.exercise for each in self.attempts if each.outcome != Outcome.NOT_STARTED)

    @property
    def passed(self) -> frozenset[str]:
        """The exercises that passed at least once."""
        return frozenset(each.exercise for each in self.attempts if each.passed)


class Practised:
    """The learner's practice. It never stops anything: what cannot be kept is said in `complaint`."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path or places.workspace().database, MIGRATIONS)

    @property
    def complaint(self) -> str:
        """What went wrong with the database, in one line; empty where nothing did."""
        return self._database.complaint

    def history(self) -> History:
        """Return all that happened; nothing where nothing can be read."""
        with self._database.reading() as database:
            hints = database.execute("SELECT exercise, sum(taken) FROM hint GROUP BY exercise")
            drilled = database.execute("SELECT at, misconception, correct, seconds FROM drilled ORDER BY at")
            return History(
                tuple(Attempt(*row) for row in database.execute(ATTEMPTS)),
                tuple(Met(*row) for row in database.execute(f"SELECT {', '.join(MET)} FROM met ORDER BY at")),
                tuple(Drilled(at, name, bool(correct), seconds) for at, name, correct, seconds in drilled),
                tuple(Review(*row) for row in database.execute("SELECT at, exercise FROM review ORDER BY at")),
                tuple(Attempt(*row) for row in database.execute(AGAIN)),
                tuple(hints),
            )
        return History()

    def keep_answer(self, answer: Drilled) -> None:
        """Keep an answer to a question."""
        row = (answer.at, answer.misconception, int(answer.correct), answer.seconds)
        with self._database.writing() as database:
            database.execute(insert("drilled", DRILLED), row)

    def keep_handed_out(self, names: Sequence[str], at: float) -> None:
        """Keep that exercises were handed out once more."""
        with self._database.writing() as database:
            database.executemany(insert("review", REVIEW), [(at, name) for name in names])

    def keep_review(self, exercise: Exercise, began: float, verdicts: Sequence[Verdict]) -> None:
        """Keep an attempt at an exercise that was handed out once more, and what was met in it."""
        now = time.time()
        graded = [each for each in verdicts if each.outcome is not Outcome.UNAVAILABLE]
        rows = [
            (now, began, exercise.name, each.device, each.outcome, each.sha256, *each.score, each.seconds)
            for each in graded
        ]
        with self._database.writing() as database:
            database.executemany(insert("review_attempt", REVIEW_ATTEMPT), rows)
            database.executemany(insert("met", MET), [(now, exercise.name, *met) for met in met_in(graded)])
