"""Which exercises teach what a misconception overlooks: those whose checks can name it."""

from __future__ import annotations

import functools
import re

from grader.catalogue.catalogue import Exercise, exercises
from grader.catalogue.misconceptions import misconceptions


@functools.cache
def named_by(exercise: Exercise) -> frozenset[str]:
    """Return the misconceptions that the checks of an exercise can name, those in files they share among them."""
    text = exercise.checks.read_text(encoding="utf-8")
    shared = [path.read_text(encoding="utf-8") for path in exercise.checks.parent.glob("_*.py") if path.stem in text]
    return frozenset(re.findall(r'"([a-z0-9-]+)"', "\n".join([text, *shared]))) & misconceptions().keys()


@functools.cache
def taught_in() -> dict[str, tuple[Exercise, ...]]:
    """Return the exercises in which each misconception can be met, in order, by its id.

    None for those that an exception, or the text of a submission, names by itself: they can be met anywhere.
    """
    return {name: tuple(each for each in exercises() if name in named_by(each)) for name in misconceptions()}
