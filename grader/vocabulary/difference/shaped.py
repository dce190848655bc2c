"""Results of different shapes: whether the numbers are right, and what became of the dimensions."""

from __future__ import annotations

import itertools
import math

import numpy as np

from grader.vocabulary.difference.numbers import Array, Pair, dimensions
from grader.vocabulary.difference.rearranged import MOST_DIMENSIONS, turned
from grader.vocabulary.words import how_many

FEW = 3  # places, of which fewer agree by accident


def squeezed(pair: Pair) -> str:
    """Return which dimension of size 1 is missing or too many."""
    got, expected = pair.got, pair.expected
    if got.size != expected.size or not pair.tolerance.alike(got.reshape(-1), expected.reshape(-1)):
        return ""
    if [size for size in got.shape if size != 1] == [size for size in expected.shape if size != 1]:
        many = got.ndim > expected.ndim
        dims = _odd_ones(*((got.shape, expected.shape) if many else (expected.shape, got.shape)))
        if dims:
            which = f"dimension{'s' if len(dims) > 1 else ''} {' and '.join(map(str, dims))} of size 1"
            verb = ("are" if len(dims) > 1 else "is") + (" too many" if many else " missing")
            return f"the numbers are right, but {which} {verb}"
    return "the same numbers in the same order, in another shape" if got.size > 1 else "the number is right"


def _odd_ones(longer: tuple[int, ...], shorter: tuple[int, ...]) -> list[int]:
    """Return which dimensions of size 1 the longer shape has more."""
    found, rest = [], list(shorter)
    for dim, size in enumerate(longer):
        if rest and rest[0] == size:
            rest.pop(0)
        elif size == 1:
            found.append(dim)
    return found


def turned_round(pair: Pair) -> str:
    """Return how the dimensions were exchanged, where the numbers went with them."""
    got, expected = pair.got, pair.expected
    if not 2 <= expected.ndim <= MOST_DIMENSIONS or got.size != expected.size:
        return ""
    for order in itertools.permutations(range(expected.ndim)):
        if expected.transpose(order).shape == got.shape and pair.alike(expected.transpose(order)):
            return f"the numbers are right, but {turned(order)}"
    return ""


def prefix(pair: Pair) -> str:
    """Return of which dimension there is too little or too much, where what both have is the same."""
    got, expected = pair.got, pair.expected
    if got.ndim != expected.ndim or not (got.size and expected.size):
        return ""
    odd = [dim for dim in range(got.ndim) if got.shape[dim] != expected.shape[dim]]
    if len(odd) != 1:
        return ""
    dim, here, there = odd[0], got.shape[odd[0]], expected.shape[odd[0]]
    few = min(here, there)
    for start, said in ((0, "first"), (-few, "last")):
        part = slice(start, start + few or None)
        ours, theirs = (each[(slice(None),) * dim + (part,)] for each in (got, expected))
        if pair.tolerance.alike(ours, theirs):
            return _prefix_told(here, there, said, dim, got.ndim)
    return ""


def _prefix_told(here: int, there: int, which: str, dim: int, ndim: int) -> str:
    if here < there:
        few = f"{here} of {_lines(there, dim, ndim)}"
        return f"right as far as it goes: the {which} {few}"
    more = f"{_lines(here - there, dim, ndim, 'more ')} {'after' if which == 'first' else 'before'}"
    return f"right, but with {more} what was expected"


def _lines(count: int, dim: int, ndim: int, more: str = "") -> str:
    """Return so many slices in words: "3 more rows", "5 along dimension 2"."""
    if ndim == 2:
        return how_many(count, f"{more}{('row', 'column')[dim]}")
    return f"{count} {more}".rstrip() + ("" if ndim == 1 else f" along dimension {dim}")


def broadcast(pair: Pair) -> str:
    """Return along which dimension the expected numbers were repeated."""
    got, expected = pair.got, pair.expected
    if got.size <= expected.size or not expected.size or got.ndim < expected.ndim:
        return ""
    lines = expected.reshape((1,) * (got.ndim - expected.ndim) + expected.shape)
    for shape in dict.fromkeys([lines.shape, *_with_a_gap(expected.shape, got.ndim)]):
        view = expected.reshape(shape)
        if all(a == b or a == 1 for a, b in zip(shape, got.shape, strict=True)) and pair.alike(
            np.broadcast_to(view, got.shape)
        ):
            dims = [dim for dim, size in enumerate(shape) if size == 1 and got.shape[dim] > 1]
            return f"what was expected, repeated along dimension {' and '.join(map(str, dims))}"
    return ""


def _with_a_gap(shape: tuple[int, ...], ndim: int) -> list[tuple[int, ...]]:
    """Return the shape with one dimension of size 1 more, at each place."""
    if len(shape) + 1 != ndim:
        return []
    return [(*shape[:at], 1, *shape[at:]) for at in range(ndim)]


def position(pair: Pair) -> str:
    """Return along which dimension these are the places of the largest elements, not the elements."""
    got, expected = pair.got, pair.expected
    if got.dtype.kind not in "iu" or not FEW <= got.size < expected.size or expected.dtype.kind != "f":
        return ""
    for dim in dimensions(expected):
        places = expected.argmax(axis=dim)
        if places.size == got.size and (places.reshape(got.shape) == got).all():
            return f"where along dimension {dim} the largest element of what was expected is"
    return ""


def reduced(pair: Pair) -> str:
    """Return over which dimension was summed or averaged too much, or not yet."""
    got, expected = pair.got, pair.expected
    if got.size == expected.size or any(each.dtype.kind not in "biuf" for each in (got, expected)):
        return ""
    large, small = (got, expected) if got.size > expected.size else (expected, got)
    for dims in (*((dim,) for dim in dimensions(large)), tuple(range(large.ndim))):
        for word in ("sum", "mean", "max", "min"):
            if _is_reduction(pair, large, small, word, dims):
                return _reduction_told(word, dims, large.ndim, small.size, too_much=large is expected)
    return ""


def _is_reduction(pair: Pair, large: Array, small: Array, word: str, dims: tuple[int, ...]) -> bool:
    if not large.size or math.prod(size for dim, size in enumerate(large.shape) if dim not in dims) != small.size:
        return False
    product = getattr(large.astype(np.float64), word)(axis=dims).reshape(small.shape)
    sides = (product, small) if large is pair.got else (small, product)
    return bool(np.isfinite(product).all()) and pair.tolerance.alike(*sides)


def _reduction_told(word: str, dims: tuple[int, ...], ndim: int, left: int, *, too_much: bool) -> str:
    name = {"max": "largest", "min": "smallest"}.get(word, word)
    over = "all elements" if left == 1 and len(dims) == ndim else f"dimension {dims[0]}"
    if too_much:
        return f"the {name} over {over} of what was expected"
    return f"the {name} over {over} of this is what was expected"
