"""Where a learner stands, computed from all that happened: passes by day, effort, misconceptions, and what is due."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.catalogue.misconceptions import misconceptions
from grader.learning.practice import schedule
from grader.record.practised import Attempt, History

DAYS_BACK = 30
DAYS_AHEAD = 7
DAY = 24 * 60 * 60


class Standing(StrEnum):
    """How a learner stands with a misconception that they met."""

    OPEN = "not cleared yet"
    CLEARED = "cleared"
    BACK = "come back"


@dataclass(frozen=True)
class Effort:
    """What an exercise took so far: attempts and seconds at work until it passed, hints, and whether it passed.

    `due` is when it is to be written again (Unix time), 0 where it never passed.
    """

    exercise: Exercise
    attempts: int
    seconds: float
    hints: int
    passed: bool
    due: float


@dataclass(frozen=True)
class Stats:
    """All of it. Days are local dates such as 2026-12-01, in order; what is overdue counts for today.

    `came_back` holds the misconceptions that came back at least once, cleared since or not.
    """

    passes: tuple[tuple[str, int], ...]
    efforts: tuple[Effort, ...]
    standings: dict[str, Standing]
    came_back: frozenset[str]
    answered: int
    right: int
    questions_due: tuple[tuple[str, int], ...]
    reviews_due: tuple[tuple[str, int], ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened yet."""
        return not (self.efforts or self.standings or self.answered)

    @property
    def hints(self) -> int:
        """How many hints were taken."""
        return sum(each.hints for each in self.efforts)

    def with_standing(self, standing: Standing) -> list[str]:
        """Return the misconceptions with which a learner stands so."""
        return [name for name, found in self.standings.items() if found is standing]


def stats(history: History, now: float) -> Stats:
    """Return where a learner stands at a moment (Unix time)."""
    standings = {name: list(_standings(history, name)) for name in _met(history)}
    known = {name: due for name, due in schedule.due(history, now).items() if name in misconceptions()}
    return Stats(
        _passes(history, now),
        tuple(_efforts(history, now)),
        {name: found[-1] for name, found in standings.items()},
        frozenset(name for name, found in standings.items() if Standing.BACK in found),
        len(history.drilled),
        sum(each.correct for each in history.drilled),
        _ahead(list(known.values()), now),
        _ahead(list(schedule.due_exercises(history, now).values()), now),
    )


def day(moment: float) -> str:
    """Return the local date of a moment."""
    return time.strftime("%Y-%m-%d", time.localtime(moment))


def _days(now: float, numbers: range) -> list[str]:
    year, month, today = time.localtime(now)[:3]
    noon = time.mktime((year, month, today, 12, 0, 0, 0, 0, -1))  # at noon, no change of the clock leads astray
    return [day(noon + number * DAY) for number in numbers]


def _passes(history: History, now: float) -> tuple[tuple[str, int], ...]:
    """Return how many exercises passed on each of the last days, in reviews as well."""
    passed = {(day(each.at), each.exercise) for each in (*history.attempts, *history.again) if each.passed}
    count = Counter(when for when, _ in passed)
    return tuple((when, count[when]) for when in _days(now, range(1 - DAYS_BACK, 1)))


def _efforts(history: History, now: float) -> Iterator[Effort]:
    due, hints = schedule.due_exercises(history, now), dict(history.hints)
    for exercise in catalogue.own():
        tried = schedule.until_passed(each for each in history.attempts if each.exercise == exercise.name)
        if tried or exercise.name in hints:
            yield Effort(
                exercise, len(tried), schedule.seconds_at_work([each.at for each in tried]),
                hints.get(exercise.name, 0), exercise.name in due, due.get(exercise.name, 0.0),
            )  # fmt: skip


def _met(history: History) -> list[str]:
    """Return the misconceptions that were met, the last first."""
    return [
        name for name in dict.fromkeys(each.misconception for each in history.met[::-1]) if name in misconceptions()
    ]


def _standings(history: History, name: str) -> Iterator[Standing]:
    """Yield how the learner stood with a misconception each time that it was met, cleared, or asked about."""
    standing: Standing | None = None
    for _, went_wrong in sorted(_events(history, name)):
        if not went_wrong:
            standing = Standing.CLEARED if standing else None
        elif standing in (Standing.CLEARED, Standing.BACK):
            standing = Standing.BACK
        else:
            standing = Standing.OPEN
        if standing:
            yield standing


def _events(history: History, name: str) -> Iterator[tuple[float, bool]]:
    """Yield when a misconception was met, passed since or asked about, and whether that went wrong."""
    met = [each for each in history.met if each.misconception == name]
    where = {each.exercise for each in met}
    yield from ((each.at, True) for each in met)
    yield from ((each.at, False) for each in _passed_in(where, (*history.attempts, *history.again)))
    first = min(each.at for each in met)
    yield from (
        (each.at, not each.correct) for each in history.drilled if each.misconception == name and each.at > first
    )


def _passed_in(names: set[str], attempts: Sequence[Attempt]) -> Iterator[Attempt]:
    return (each for each in attempts if each.passed and each.exercise in names)


def _ahead(due: Sequence[float], now: float) -> tuple[tuple[str, int], ...]:
    """Return how many are due on each of the next days, what is overdue today."""
    days = _days(now, range(DAYS_AHEAD))
    count = Counter(max(day(each), days[0]) for each in due)
    return tuple((when, count[when]) for when in days)
