"""What a number is in the exercise's own quantities: the batch size, its square, the size of a dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator

from grader.vocabulary.difference.numbers import Pair

MOST_NAMES = 2
CHANCE = 2.0  # sizes up to this are too frequent to explain anything


def names(pair: Pair, value: float) -> str:
    """Return what a number is, "; 7 is the batch size", or "" where no quantity is that number."""
    given = [said for name, size in pair.quantities for said in _ways(name, size, value)]
    sizes = [
        said for name, size in pair.sizes if size > CHANCE or size != round(size) for said in _ways(name, size, value)
    ]
    found = list(dict.fromkeys(given))[:MOST_NAMES] or sizes[:1]
    return f"; {' and '.join(found)}" if found else ""


def _ways(name: str, size: float, value: float) -> Iterator[str]:
    """Return how a number follows from one quantity."""
    text = f"{value:.5g}"
    if _near(value, size):
        yield f"{text} is {name}"
    if _near(value, round(value)):
        return  # a whole number is a square or a difference by accident
    if size > 1 and _near(value, math.sqrt(size)):
        yield f"{text} is the square root of {size:g}, {name}"
    for power, root in ((1.0, ""), (0.5, "the square root of ")):
        if size > 1 and _near(value, (size / (size - 1)) ** power):
            yield f"{text} is {root}{size:g} / {size - 1:g}, where {size:g} is {name}"


def _near(value: float, other: float) -> bool:
    return math.isclose(value, other, rel_tol=1e-4)
