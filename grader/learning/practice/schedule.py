"""When what comes again: by FSRS, from all that was answered and passed, and from nothing else.

Nothing of a schedule is kept. It is computed each time from the rows of the record in the order of their times, so the
rows of two machines give one schedule. Nothing is left to chance, which would make it another one each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from fsrs import Card, Rating, ReviewLog, Scheduler

from grader.record.practised import Attempt, Drilled, History

QUESTIONS = Scheduler(enable_fuzzing=False)
# An exercise takes a quarter of an hour: it comes later than a question would, and never on the same day.
EXERCISES = Scheduler(desired_retention=0.8, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
FEW_ATTEMPTS = 5
PAUSE = 15 * 60  # seconds; whoever was away for longer did not work on it in between


def due(history: History, now: float) -> dict[str, float]:
    """Return when each misconception that was asked about comes again (Unix time), by its id."""
    answers: dict[str, list[tuple[float, Rating]]] = defaultdict(list)
    for each in history.drilled:
        answers[each.misconception].append((each.at, _rating(each)))
    return {name: _due(QUESTIONS, given, now) for name, given in answers.items()}


def _rating(answer: Drilled) -> Rating:
    return Rating.Good if answer.correct else Rating.Again


def due_exercises(history: History, now: float) -> dict[str, float]:
    """Return when each exercise that was passed is to be written again (Unix time), by its name."""
    return {name: _due(EXERCISES, list(_passes(history, name)), now) for name in sorted(history.passed)}


def _due(scheduler: Scheduler, reviews: Sequence[tuple[float, Rating]], now: float) -> float:
    """Return when something that was repeated at these times comes again."""
    return card(scheduler, reviews, now).due.timestamp()


def card(scheduler: Scheduler, reviews: Iterable[tuple[float, Rating]], now: float) -> Card:
    """Return what the library makes of these repetitions.

    Where the clock was moved back, some of them lie in the future: they count as if they happened now.
    """
    moments = [(min(at, now), rating) for at, rating in reviews]
    logs = [ReviewLog(0, rating, datetime.fromtimestamp(at, UTC), None) for at, rating in moments]
    return scheduler.reschedule_card(Card(card_id=0, due=datetime.fromtimestamp(now, UTC)), logs)


def ahead_of_the_clock(history: History, now: float) -> float:
    """Return the latest time in the record if the clock is behind it, else 0."""
    kept = (each for rows in (history.drilled, history.attempts, history.again) for each in rows)
    latest = max((each.at for each in kept), default=0.0)
    return latest if latest > now else 0.0


def _passes(history: History, name: str) -> Iterator[tuple[float, Rating]]:
    """Yield when an exercise passed, the first time and in each review, and how easily."""
    hints = dict(history.hints).get(name, 0)
    first = until_passed(each for each in history.attempts if each.exercise == name)
    yield first[-1].at, _ease(len(first), hints)
    for began in sorted({each.began for each in history.again if each.exercise == name}):
        tried = until_passed(each for each in history.again if each.exercise == name and each.began == began)
        if tried and tried[-1].passed:
            yield tried[-1].at, _ease(len(tried), 0)


def _ease(attempts: int, hints: int) -> Rating:
    if attempts == 1 and not hints:
        return Rating.Easy
    return Rating.Good if attempts <= FEW_ATTEMPTS and not hints else Rating.Hard


def until_passed(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the attempts up to the first that passed, all of them if none did; untouched files do not count."""
    found = []
    for each in attempts:
        if each.outcome != "not_started":
            found.append(each)
        if each.passed:
            break
    return found


def seconds_at_work(moments: Sequence[float]) -> float:
    """Return how long somebody worked who graded at these times; a long pause counts as a short one."""
    return sum(min(after - before, PAUSE) for before, after in pairwise(moments))
