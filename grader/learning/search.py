"""Finds exercises: by words, by part, by where a learner stands with them, by a misconception that they can name."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from grader.catalogue import misconceptions, naming
from grader.catalogue.catalogue import Exercise, exercises
from grader.errors import UsageError
from grader.record.progress import State

OPEN = "open"  # any state but passed


@dataclass(frozen=True)
class Wanted:
    """What an exercise must have to be found: all the words, and whatever else is given."""

    words: tuple[str, ...] = ()
    part: str = ""
    states: frozenset[State] = frozenset()
    misconception: str = ""

    def fits(self, exercise: Exercise, states: Collection[State]) -> bool:
        """Return whether this is one of them, a learner standing so with it on one device or on several."""
        if (self.part and exercise.part != self.part) or (self.states and self.states.isdisjoint(states)):
            return False
        if self.misconception and not naming.can_name(exercise, self.misconception):
            return False
        return not self.words or _holds(exercise, self.words)

    def also(self, kind: str, name: str) -> Wanted:
        """Return the same with a `part`, a `state` or a `misconception`; raise UsageError for an unknown name."""
        field, find = KINDS[kind]
        return replace(self, **{field: find(name)})  # type: ignore[arg-type]


def wanted(text: str) -> Wanted:
    """Return what a line asks for: words, and `part:NAME`, `state:NAME`, `misconception:NAME`.

    Raise UsageError for a name that there is not.
    """
    asked = Wanted()
    for word in text.split():
        kind, colon, name = word.partition(":")
        if not colon:
            asked = replace(asked, words=(*asked.words, word))
        elif kind not in KINDS:
            raise UsageError(f"{kind}: is not known here; {', '.join(f'{each}:' for each in KINDS)} are")
        elif name:
            asked = asked.also(kind, name)
    return asked


def _holds(exercise: Exercise, asked: tuple[str, ...]) -> bool:
    """Return whether words of an exercise begin as each of these; numbers are those of exercises alone."""
    known = _words(" ".join((exercise.slug, exercise.title, exercise.part, *exercise.steps, idea(exercise))))
    return all(_is_meant(exercise, known, word) for text in asked for word in _words(text))


def _is_meant(exercise: Exercise, known: Collection[str], word: str) -> bool:
    if word.isdecimal():
        return word.lstrip("0") == str(exercise.number)
    return any(each.startswith(word) for each in known)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))


def idea(exercise: Exercise) -> str:
    """Return what an exercise is about, as its text begins, as one line; empty where that cannot be read."""
    try:
        text = ast.get_docstring(ast.parse(exercise.handed_out.read_text(encoding="utf-8"))) or ""
    except (OSError, ValueError, SyntaxError):  # in a checkout, the learner may be at work on it
        return ""
    _, _, after = text.partition("\n\n")
    return " ".join(after.partition("\n\n")[0].split())


def find_part(text: str) -> str:
    """Return the part that is meant by its name or a piece of it; raise UsageError for none and for several."""
    parts = list(dict.fromkeys(each.part for each in exercises()))
    exact = [each for each in parts if each.casefold() == text.strip().casefold()]
    found = exact or [each for each in parts if text.strip() and text.strip().casefold() in each.casefold()]
    if len(found) == 1:
        return found[0]
    several = "several parts have" if found else "no part has"
    raise UsageError(f"{several} {text!r} in its name; the parts are {'; '.join(parts)}")


def find_states(text: str) -> frozenset[State]:
    """Return the states that are meant: one by its name, or all that are `open`; raise UsageError for none."""
    name = text.strip().replace("-", " ").replace("_", " ").casefold()
    if name == OPEN:
        return frozenset(State) - {State.PASSED}
    if name in list(State):
        return frozenset({State(name)})
    known = ", ".join(each.replace(" ", "-") for each in State)
    raise UsageError(f"there is no state {text!r}; the states are {known}, and {OPEN} for all but passed")


def _misconception(text: str) -> str:
    return misconceptions.find(text).id


# What may stand before a colon: the field that it fills, and how its name is read.
KINDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "part": ("part", find_part),
    "state": ("states", find_states),
    "misconception": ("misconception", _misconception),
}
