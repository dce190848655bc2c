"""Where lists, tuples, dicts and texts differ: which entries, in which order, what is missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grader.verdict import Difference
from grader.vocabulary.words import number, shorten

Same = Callable[[Any, Any], bool]
Inner = Callable[[Any, Any], Difference | None]

MOST_ENTRIES = 2000
MOST_REORDERED = 200  # elements, each of which is compared with each other
MOST_ASKED = 20  # entries whose differences are looked at
MOST_NAMES = 5
MOST_LETTERS = 40
MOST_SEEN = 7  # entries, which are shown in full


def of_containers(got: Any, expected: Any, same: Same, inner: Inner) -> Difference | None:
    """Return where two containers or texts differ; `inner` finds the difference of two entries."""
    if isinstance(got, str) and isinstance(expected, str):
        said = _texts(got, expected)
        return Difference(pattern=said) if said else None
    if isinstance(got, dict) and isinstance(expected, dict):
        return _dicts(got, expected, same, inner)
    if isinstance(got, (list, tuple)) and isinstance(expected, (list, tuple)):
        return _sequences(got, expected, same, inner)
    return None


def _texts(got: str, expected: str) -> str:
    if got.split() == expected.split():
        return "only spaces or line breaks differ"
    if got.casefold() == expected.casefold():
        return "only upper and lower case differ"
    return ""


def _dicts(got: Mapping[Any, Any], expected: Mapping[Any, Any], same: Same, inner: Inner) -> Difference | None:
    missing = [key for key in itertools.islice(expected, MOST_ENTRIES) if key not in got]
    extra = [key for key in itertools.islice(got, MOST_ENTRIES) if key not in expected]
    if missing or extra:
        parts = [(missing, "missing"), (extra, "not expected")]
        return Difference(pattern="; ".join(f"{word}: {_names(keys)}" for keys, word in parts if keys))
    wrong = [key for key in itertools.islice(expected, MOST_ENTRIES) if not same(got[key], expected[key])]
    if not wrong and list(got) != list(expected):
        return Difference(pattern="the same entries in another order")
    return _entries(wrong, len(expected), {key: (got[key], expected[key]) for key in wrong}, inner, "entry")


def _entries(
    wrong: Sequence[Any], total: int, pairs: Mapping[Any, tuple[Any, Any]], inner: Inner, kind: str
) -> Difference | None:
    """Return which entries differ, and how, if it is a single one or all do so alike."""
    if not wrong:
        return None
    if len(wrong) > 1:
        said = _of_each([pairs[key] for key in wrong], inner) if len(wrong) <= MOST_ASKED else ""
        count = f"{len(wrong)} of {total} {'entries' if kind == 'entry' else 'elements'} differ"
        which = f"{':' if kind == 'entry' else ', at'} {_names(wrong)}" if len(wrong) < total else ""
        seen = not said and len(wrong) == total <= MOST_SEEN  # that all differ, whoever reads both sees
        return Difference(len(wrong), total, (), "" if seen else count + (_alike(said) if said else which))
    within = inner(*pairs[wrong[0]]) or Difference()
    said = f": {within.pattern}" if within.pattern else ""
    return replace(within, pattern=f"only {kind} {_names(wrong)} differs{said}" if total > 1 else within.pattern)


def _alike(said: str) -> str:
    return f"; in each of them, {said}" if said.startswith("only ") else f", each alike: {said}"


def _of_each(pairs: Sequence[tuple[Any, Any]], inner: Inner) -> str:
    """Return what holds of each of these pairs, "" where not the same holds of all."""
    said = {(inner(*pair) or Difference()).pattern for pair in pairs}
    return said.pop() if len(said) == 1 else ""


def _sequences(got: Sequence[Any], expected: Sequence[Any], same: Same, inner: Inner) -> Difference | None:
    if max(len(got), len(expected)) > MOST_ENTRIES:
        return None
    if len(got) == len(expected):
        wrong = [at for at, pair in enumerate(zip(got, expected, strict=True)) if not same(*pair)]
        if not wrong:
            kinds = (type(each).__name__ for each in (got, expected))
            return Difference(pattern="the same elements, in a {} where a {} was expected".format(*kinds))
        said = _moved(got, expected, same) if len(wrong) > 1 else ""
        if said:
            return Difference(len(wrong), len(expected), (wrong[0],), said)
        return _entries(wrong, len(expected), {at: (got[at], expected[at]) for at in wrong}, inner, "element")
    said = _longer(got, expected, same)
    return Difference(pattern=said) if said else None


def _all_same(got: Sequence[Any], expected: Sequence[Any], same: Same) -> bool:
    return len(got) == len(expected) and all(map(same, got, expected))


def _moved(got: Sequence[Any], expected: Sequence[Any], same: Same) -> str:
    """Return in which other order the elements stand."""
    size = len(got)
    if _all_same(got, expected[::-1], same):
        return "in reverse order" if size > 2 else "the two are exchanged"
    if size <= MOST_REORDERED:
        for by in range(1, size):
            if same(got[by], expected[0]) and _all_same(got, [*expected[-by:], *expected[:-by]], same):
                return f"rolled by {min(by, by - size, key=abs)}: what leaves at one end comes in at the other"
        if not _left_over(got, expected, same) and not _left_over(expected, got, same):
            return "the same elements in another order"
    return ""


def _left_over(some: Sequence[Any], others: Sequence[Any], same: Same) -> list[Any]:
    """Return what of `some` has no partner among `others`."""
    free, left = list(others), []
    for each in some:
        at = next((at for at, other in enumerate(free) if same(each, other)), None)
        if at is None:
            left.append(each)
        else:
            free.pop(at)
    return left


def _longer(got: Sequence[Any], expected: Sequence[Any], same: Same) -> str:
    """Return what is missing or too many, where all the rest is right."""
    few = min(len(got), len(expected))
    more = abs(len(got) - len(expected))
    for start, which, side in ((0, "first", "after"), (1, "last", "before")):
        ours, theirs = (each[:few] if start == 0 else each[len(each) - few :] for each in (got, expected))
        if few and _all_same(ours, theirs, same):
            if len(got) < len(expected):
                return f"right as far as it goes: the {which} {few} of {len(expected)}"
            return f"right, but with {more} more {side} what was expected"
    if max(len(got), len(expected)) > MOST_REORDERED:
        return ""
    missing, extra = _left_over(expected, got, same), _left_over(got, expected, same)
    if few and not extra:
        return f"missing: {_names(missing)}"
    return f"not expected: {_names(extra)}" if few and not missing else ""


def _names(keys: Sequence[Any]) -> str:
    shown = [shorten(_name(key), MOST_LETTERS) for key in keys[:MOST_NAMES]]
    more = [f"… {len(keys)} in all"] if len(keys) > len(shown) else []
    return ", ".join(shown + more)


def _name(key: Any) -> str:
    """Return a key or an entry as a learner would write it, its floats with few digits."""
    if isinstance(key, tuple) and key:
        return f"({', '.join(map(_name, key))}{',' if len(key) == 1 else ''})"
    return number(key) if isinstance(key, float) else repr(key)
