"""The same numbers in other places: transposed, flipped, shifted, rolled, rows in another order; or numbered anew."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from grader.vocabulary.difference.numbers import WHOLE, Array, Pair, dimensions, slice_kind, told

MOST_DIMENSIONS = 4
MOST_NAMES = 3  # of those that got another number, told one by one
MOST_SLICES = 256
MOST_COMPARED = 1_000_000  # elements, in looking for the place of each row
MOST_ROLLS = 8
FEW = 3  # numbers fewer than these look rearranged by accident


def rearranged(pair: Pair) -> str:
    """Return how the expected numbers were moved about, "" where they were not."""
    if pair.got.ndim > MOST_DIMENSIONS or pair.got.size < FEW or (pair.distinct < FEW and pair.count < FEW + 1):
        return ""
    ways = (_transposed, _flipped, _rolled, _shifted, _permuted, _reordered)
    return next((said for way in ways if (said := way(pair))), "")


def _transposed(pair: Pair) -> str:
    expected, dims = pair.expected, range(pair.expected.ndim)
    orders = [each for each in itertools.permutations(dims) if list(each) != list(dims)]
    for order in orders:
        if expected.transpose(order).shape == pair.got.shape and pair.alike(expected.transpose(order)):
            return turned(order)
    for order in orders:
        if pair.alike(expected.transpose(order)):
            return f"{turned(order)}, then reshaped: the same numbers, filled in in another order"
    for order in orders:
        if pair.alike(expected.reshape([expected.shape[dim] for dim in order]).transpose(np.argsort(order))):
            return "the same numbers in their order, filled in along other dimensions"
    return ""


def turned(order: tuple[int, ...]) -> str:
    """Return what an order of dimensions did to those that were expected."""
    moved = [dim for dim, other in enumerate(order) if dim != other]
    if len(order) == 2:
        return "transposed"
    if len(moved) == 2:
        return f"transposed: dimensions {moved[0]} and {moved[1]} are exchanged"
    return f"transposed: the dimensions are in the order {order}"


def _flipped(pair: Pair) -> str:
    dims = list(dimensions(pair.expected))
    for count in range(1, len(dims) + 1):
        for some in itertools.combinations(dims, count):
            if pair.alike(np.flip(pair.expected, some)):
                return "in reverse order" if pair.expected.ndim == 1 else f"flipped along {_along(some)}"
    return ""


def _along(dims: tuple[int, ...]) -> str:
    return f"dimension {dims[0]}" if len(dims) == 1 else f"dimensions {' and '.join(map(str, dims))}"


def _rolled(pair: Pair) -> str:
    for dim in dimensions(pair.expected):
        for by in _rolls(pair, dim):
            if pair.alike(np.roll(pair.expected, by, dim)):
                way = min(by, by - pair.expected.shape[dim], key=abs)
                place = "" if pair.expected.ndim == 1 else f" along dimension {dim}"
                return f"rolled by {way}{place}: what leaves at one end comes in at the other"
    return ""


def _rolls(pair: Pair, dim: int) -> Iterator[int]:
    """Return by how much a dimension may be rolled: where its first slice may have gone."""
    first = pair.expected.take(0, axis=dim).reshape(-1)[:FEW]
    lines = np.moveaxis(pair.got, dim, 0).reshape(pair.got.shape[dim], -1)[:, : len(first)]
    fits = pair.tolerance.fits(lines, np.broadcast_to(first, lines.shape)).all(axis=1)
    return itertools.islice((int(by) for by in np.flatnonzero(fits) if by), MOST_ROLLS)


def _shifted(pair: Pair) -> str:
    for dim in dimensions(pair.expected):
        size = pair.expected.shape[dim]
        for by in (1, -1):
            here, there = (range(1, size), range(size - 1)) if by > 0 else (range(size - 1), range(1, size))
            mine = pair.wrong.take(here, axis=dim)
            if size < FEW or np.count_nonzero(mine) < 2 or 2 * np.count_nonzero(mine) < mine.size:
                continue
            if pair.tolerance.alike(pair.got.take(here, axis=dim), pair.expected.take(there, axis=dim)):
                place = "" if pair.expected.ndim == 1 else f" along dimension {dim}"
                return f"shifted by one{place}: each stands where the {'next' if by > 0 else 'one before'} should be"
    return ""


def _permuted(pair: Pair) -> str:
    if pair.expected.ndim < 2:
        return ""
    for dim in dimensions(pair.expected):
        lines = [np.moveaxis(each, dim, 0).reshape(each.shape[dim], -1) for each in (pair.got, pair.expected)]
        count = len(lines[0])
        if count <= MOST_SLICES and count * pair.got.size <= MOST_COMPARED and (order := _places(pair, *lines)):
            return _order_told(order, slice_kind(pair.expected.ndim, dim, "s"))
    return ""


def _places(pair: Pair, got: Array, expected: Array) -> list[int]:
    """Return for each line which of the expected ones it is, [] where one of them is none or taken."""
    left, order = list(range(len(expected))), []
    for line in got:
        fits = pair.tolerance.fits(np.broadcast_to(line, (len(left), len(line))), expected[left]).all(axis=1)
        if not fits.any():
            return []
        order.append(left.pop(int(fits.argmax())))
    return order


def _order_told(order: list[int], name: str) -> str:
    moved = [place for place, other in enumerate(order) if place != other]
    if len(moved) == 2:
        return f"{name} {moved[0]} and {moved[1]} are exchanged"
    shown = f": {', '.join(map(str, order))}" if len(order) <= 10 else ""
    return f"the same {name} in another order{shown}"


def _reordered(pair: Pair) -> str:
    if "c" in (pair.got.dtype.kind, pair.expected.dtype.kind) or pair.distinct < FEW:
        return ""
    ends = [np.asarray([each.min(), each.max()]) for each in (pair.got, pair.expected)]
    if not pair.tolerance.alike(*ends):
        return ""
    in_order = [np.sort(each, axis=None) for each in (pair.got, pair.expected)]
    if not pair.tolerance.alike(*in_order):
        return ""
    if pair.expected.ndim == 1 and pair.alike(in_order[1]):
        return "the same numbers, sorted"
    return "the same numbers in another order"


def renumbered(pair: Pair) -> str:
    """Return how whole numbers were counted anew from 0: equal ones got the same number, and others another."""
    both = pair.got, pair.expected
    if pair.got.size > MOST_COMPARED or any(each.dtype.kind not in WHOLE for each in both):
        return ""
    got, expected = (each.reshape(-1).astype(np.int64) for each in both)
    names, where = np.unique(expected, return_index=True)
    numbers = got[where]
    # Without a number that comes twice, any two lists agree in this; and what counts from 0 anyway is not counted anew.
    if len(names) < FEW or len(got) == len(names) or (names[0] == 0 and names[-1] == len(names) - 1):
        return ""
    if set(numbers.tolist()) != set(range(len(names))) or np.count_nonzero(names != numbers) < 2:
        return ""
    if not (got == numbers[np.searchsorted(names, expected)]).all():
        return ""
    first = ", ".join(f"{told(old)} is {told(new)}" for old, new in list(zip(names, numbers, strict=True))[:MOST_NAMES])
    return f"counted anew from 0, each number under another one: {first}{', …' if len(names) > MOST_NAMES else ''}"
