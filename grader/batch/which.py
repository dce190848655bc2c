"""Which exercise a file belongs to: by its name, else by the functions that it defines. Nothing of it is run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.catalogue.catalogue import Exercise, exercises
from grader.judging.overlay import definitions

NUMBERED = re.compile(r"(?:(?:exercise|ex|kata)_?)?0*(\d{1,2})(?!\d)")


def which(name: str, text: str, chosen: Sequence[Exercise]) -> Exercise | None:
    """Return the exercise that a file belongs to, be it among those chosen or not; None where nothing tells.

    A slug in the name decides ("05_leaf_and_grad (1).py", "leaf-and-grad.ipynb"), then what is defined, then a number.
    """
    stem = re.sub(r"[\s-]+", "_", (name.rpartition(".")[0] or name).casefold())
    return (
        _by_slug(stem) or by_definitions(text, chosen) or by_definitions(text, exercises()) or _by_number(stem)
    )  # fmt: skip


def _by_slug(stem: str) -> Exercise | None:
    longest_first = sorted(exercises(), key=lambda each: -len(each.slug))
    return next((each for each in longest_first if re.search(rf"(?<![a-z]){each.slug}(?![a-z])", stem)), None)


def _by_number(stem: str) -> Exercise | None:
    found = NUMBERED.match(stem)
    return next((each for each in exercises() if found and each.number == int(found[1])), None)


def by_definitions(text: str, among: Sequence[Exercise]) -> Exercise | None:
    """Return the exercise of whose steps a text defines most, at least half, and more than of any other."""
    defined = _defined(text)
    counts = sorted(((len(defined & set(each.steps)), each) for each in among), key=lambda pair: -pair[0])
    if not counts or 2 * counts[0][0] < len(counts[0][1].steps):
        return None
    return counts[0][1] if len(counts) == 1 or counts[0][0] > counts[1][0] else None


def another(text: str, exercise: Exercise) -> Exercise | None:
    """Return the exercise that a text solves where it defines no step of the one that its name says."""
    return None if _defined(text) & set(exercise.steps) else by_definitions(text, exercises())


def _defined(text: str) -> set[str]:
    try:
        return set(definitions(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: brackets nested without end
        return set(re.findall(r"^(?:def|class)[ \t]+(\w+)", text, re.MULTILINE))
