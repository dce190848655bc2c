"""What a round asks: what a learner met comes first, then what they passed, and nothing of what they have not begun."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.called import program
from grader.catalogue import misconceptions
from grader.catalogue.catalogue import Exercise, exercises
from grader.catalogue.questions import questions
from grader.catalogue.taught import taught_in
from grader.errors import UsageError
from grader.learning.practice import schedule
from grader.record.practised import History


@dataclass(frozen=True)
class Wish:
    """What a learner wants to be asked about: parts, exercises and misconceptions by name; all of it by default."""

    part: str = ""
    exercise: Exercise | None = None
    misconception: str = ""

    @property
    def is_open(self) -> bool:
        """Whether nothing in particular was asked for."""
        return not (self.part or self.exercise or self.misconception)


@dataclass(frozen=True)
class Item:
    """A misconception to ask about: whether it was met, and when it is due (Unix time; 0 where it is new)."""

    misconception: str
    is_met: bool
    due: float


def parts() -> tuple[str, ...]:
    """Return the parts of the curriculum in order."""
    return tuple(dict.fromkeys(each.part for each in exercises()))


def find_part(name: str) -> str:
    """Return the part that is meant; raise UsageError for none or for several."""
    found = [each for each in parts() if each.lower() == name.lower()]
    found = found or [each for each in parts() if name.lower() in each.lower()]
    if len(found) != 1:
        raise UsageError(f"there is no part {name!r}; the parts are {'; '.join(parts())}")
    return found[0]


def due_now(history: History, wish: Wish, now: float) -> list[Item]:
    """Return what is due now, in the order in which it is to be asked."""
    return to_ask(within_reach(history, wish, now), wish, now)


def to_ask(reach: Sequence[Item], wish: Wish, now: float, *, ahead: bool = False) -> list[Item]:
    """Return what of all that may be asked is to be asked now; one that was asked for by name does not wait."""
    return [each for each in reach if each.due <= now or ahead or wish.misconception]


def within_reach(history: History, wish: Wish, now: float) -> list[Item]:
    """Return all that may be asked, in order; raise UsageError where a wish is about what was not begun.

    Of those that were met, and then of the others, the longest due come first, and those never asked last.
    """
    due, begun = schedule.due(history, now), history.begun
    met = {each.misconception: each.at for each in history.met}
    names = dict.fromkeys([*sorted(met, key=lambda name: -met[name]), *_of_passed(history)])
    items = [
        Item(name, name in met, due.get(name, 0.0)) for name in names if _asks(name) and _is_wished(name, wish, begun)
    ]
    if not items and not wish.is_open:
        raise UsageError(_why_not(history, wish))
    return sorted(items, key=lambda each: (not each.is_met, not each.due, each.due))


def _asks(name: str) -> bool:
    return name in questions() and not questions()[name].silent


def _of_passed(history: History) -> Iterator[str]:
    """Yield the misconceptions of exercises that were passed, in the order of the curriculum."""
    passed = history.passed
    for exercise in exercises():
        if exercise.name in passed:
            yield from sorted(name for name, where in taught_in().items() if exercise in where)


def _is_wished(name: str, wish: Wish, begun: frozenset[str]) -> bool:
    where = [each for each in taught_in().get(name, ()) if each.name in begun]
    return (
        wish.misconception in ("", name)
        and (wish.exercise is None or wish.exercise in where)
        and (not wish.part or any(each.part == wish.part for each in where))
    )


def _why_not(history: History, wish: Wish) -> str:
    """Return why nothing can be asked of what was wished for."""
    if wish.misconception:
        question, where = questions()[wish.misconception], taught_in()[wish.misconception]
        if question.silent:
            return f"the session of {wish.misconception} asks nothing: {question.silent}"
        if not where:
            return f"{wish.misconception} belongs to no exercise in particular; it is asked once you have met it"
        return f"{wish.misconception} belongs to what you have not passed or met yet: {_numbers(where)}"
    if wish.exercise and wish.exercise.name not in history.begun:
        number = f"{wish.exercise.number:02}"
        return (
            f"you have not begun exercise {number} yet, so it is not drilled; `{program()} exercise {number}` grades it"
        )
    what = f"exercise {wish.exercise.number:02}" if wish.exercise else f"the part {wish.part}"
    return f"nothing to drill in {what} yet: you have passed nothing there, and met no misconception"


def _numbers(where: Sequence[Exercise]) -> str:
    return ", ".join(f"exercise {each.number:02}" for each in where[:5])


def wished(part: str, exercise: Exercise | None, misconception: str) -> Wish:
    """Return what names mean, empty ones leaving it open; raise UsageError for a name that is not known."""
    return Wish(
        find_part(part) if part else "", exercise, misconceptions.find(misconception).id if misconception else ""
    )
