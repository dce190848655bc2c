"""The way through the exercises: all of them, or a fast one for whoever begins further on; and what is next on it."""

from __future__ import annotations

from collections.abc import Sequence

from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.record.progress import Attempt, State


def track(first: Exercise | None = None) -> tuple[Exercise, ...]:
    """Return the exercises of the workspace in order; of each part before `first`, only the one that stands for it."""
    everything = catalogue.own()
    if first is None:
        return everything
    return tuple(each for each in everything if each.number >= first.number or each.stands_for_part)


def following(way: Sequence[Exercise], states: dict[str, State], last: Attempt | None) -> Exercise | None:
    """Return where to go on: the exercise that was attempted last if it is in progress, else the first not passed."""
    at = next((each for each in way if last and each.name == last.exercise), None)
    if at and states[at.name] is State.IN_WORK:
        return at
    return next((each for each in way if states[each.name] is not State.PASSED), None)
