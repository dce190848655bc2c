"""Exercises once more: which are due, their stubs in a folder of their own, and how it went beside the first time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.called import program
from grader.catalogue import catalogue, places
from grader.catalogue.catalogue import Exercise
from grader.catalogue.misconceptions import misconceptions
from grader.errors import UsageError
from grader.learning.practice import schedule
from grader.learning.side_by_side import Comparison, between
from grader.record import workspace as stubs
from grader.record.practised import Attempt, History, Practised


@dataclass(frozen=True)
class Effort:
    """What it took until an exercise passed: attempts, and seconds at work, long pauses left out."""

    attempts: int
    seconds: float


@dataclass(frozen=True)
class Recalled:
    """A review that passed, beside the first time: effort, the hints taken then, what is different, what was met again.

    `changed` is empty where the earlier answer is gone or cannot be read. `due` says when it comes again (Unix time).
    """

    exercise: Exercise
    before: Effort
    hints: int
    now: Effort
    changed: tuple[Comparison, ...]
    met_again: tuple[str, ...]
    due: float


def due_now(history: History, now: float) -> list[tuple[Exercise, float]]:
    """Return the exercises that are due with the moment when they became so (Unix time), the longest due first."""
    return [(each, due) for each, due in coming(history, now) if due <= now]


def coming(history: History, now: float) -> list[tuple[Exercise, float]]:
    """Return the exercises that passed, with the moment when each is due, the first due first."""
    due = schedule.due_exercises(history, now)
    found = [(each, due[each.name]) for each in catalogue.own() if each.name in due]
    return sorted(found, key=lambda pair: pair[1])


def under_way(history: History) -> list[Exercise]:
    """Return the exercises that lie in the review folder and have not passed there yet."""
    return [each for each in catalogue.own() if each.review.exists() and not is_over(history, each)]


def began(history: History, exercise: Exercise) -> float:
    """Return when an exercise was last handed out for review (Unix time), 0 if it never was."""
    return max((each.at for each in history.reviews if each.exercise == exercise.name), default=0.0)


def is_over(history: History, exercise: Exercise) -> bool:
    """Return whether the exercise passed since it was last handed out for review."""
    moment = began(history, exercise)
    return not moment or any(each.passed for each in _tried(history, exercise, moment))


def _tried(history: History, exercise: Exercise, moment: float) -> list[Attempt]:
    return [each for each in history.again if each.exercise == exercise.name and each.began == moment]


def hand_out(chosen: Sequence[Exercise], practised: Practised, now: float) -> list[Path]:
    """Put the stubs of exercises into the review folder, keep what lay there, and return where they are.

    Raise UsageError where they cannot be written; what was written before stays.
    """
    made = []
    for exercise in chosen:
        text, path = stubs.untouched(exercise), exercise.review
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if (there := stubs.read(path)).strip() and there != text:
                stubs.back_up(places.workspace().backups / "review" / exercise.name, there)
            stubs.write(path, text)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from None
        practised.keep_handed_out([exercise.name], now)
        made.append(path)
    return made


def require_passed(history: History, exercise: Exercise) -> None:
    """Raise UsageError for an exercise that never passed: there is nothing to review in it."""
    if exercise.name not in history.passed:
        number = f"{exercise.number:02}"
        grades = f"`{program()} exercise {number}` grades it"
        raise UsageError(f"exercise {number} has not passed yet, so there is nothing to review; {grades}")


def recalled(history: History, exercise: Exercise, now: float) -> Recalled:
    """Return how a review that just passed went, beside the first time."""
    moment = began(history, exercise)
    first = schedule.until_passed(each for each in history.attempts if each.exercise == exercise.name)
    tried = schedule.until_passed(_tried(history, exercise, moment))
    return Recalled(
        exercise,
        Effort(len(first), schedule.seconds_at_work([each.at for each in first])),
        dict(history.hints).get(exercise.name, 0),
        Effort(len(tried), schedule.seconds_at_work([moment, *(each.at for each in tried)])),
        tuple(_changed(exercise)),
        tuple(met_again(history, exercise, since=moment)),
        schedule.due_exercises(history, now)[exercise.name],
    )


def met_again(history: History, exercise: Exercise, *, since: float) -> list[str]:
    """Return the misconceptions met in a review since some moment of it that had been met before it, wherever."""
    began_at = began(history, exercise)
    earlier = {each.misconception for each in history.met if each.at < began_at}
    found = [each.misconception for each in history.met if each.exercise == exercise.name and each.at >= since]
    return [name for name in dict.fromkeys(found) if name in earlier and name in misconceptions()]


def _changed(exercise: Exercise) -> list[Comparison]:
    before, now = stubs.read(exercise.stub), stubs.read(exercise.review)
    if not before.strip() or stubs.is_untouched(exercise, before):
        return []
    try:
        return between(exercise, before, now)
    except UsageError:  # the earlier answer is no Python any more
        return []
