"""Where the elements that differ lie: in one row, column or diagonal, first, last, where NaN is."""

from __future__ import annotations

import numpy as np

from grader.vocabulary.difference.numbers import WHOLE, Array, Pair, dimensions


def where(pair: Pair) -> str:
    """Return where the elements that differ lie, as a sentence; "" where they lie in no place that has a name."""
    wrong = pair.wrong
    if pair.count == wrong.size or wrong.size < 2:
        return ""
    return _ends(wrong) or _diagonal(wrong) or _line(wrong) or _by_sign(pair)


def _ends(wrong: Array) -> str:
    """Return whether only the first or the last element differs, or all but one of them."""
    flat = wrong.reshape(-1)
    if wrong.ndim != 1 or flat.size < 3:
        return ""
    for mask, said in ((flat, "only the {} element differs"), (~flat, "only the {} element is right")):
        if np.count_nonzero(mask) == 1 and (mask[0] or mask[-1]):
            return said.format("first" if mask[0] else "last")
    return ""


def _line(wrong: Array) -> str:
    """Return which row, column or other slice holds all the elements that differ, or none of them."""
    for mask, said in ((wrong, "only {} differs"), (~wrong, "only {} is right")):
        for dim in dimensions(wrong) if wrong.ndim > 1 else ():
            hit = np.flatnonzero(mask.any(axis=tuple(each for each in range(wrong.ndim) if each != dim)))
            whole = len(hit) == 1 and (mask is wrong or bool(mask.take(int(hit[0]), axis=dim).all()))
            if whole and wrong.shape[dim] > 2 and np.count_nonzero(mask) > 1:
                return said.format(slice_name(wrong, dim, int(hit[0])))
    return ""


def slice_name(array: Array, dim: int, index: int) -> str:
    """Return a slice's name: "row 3 (the last)", "index 2 of dimension 1"."""
    kind = f"{('row', 'column')[dim]} {index}" if array.ndim == 2 else f"index {index} of dimension {dim}"
    place = "the first" if index == 0 else "the last" if index == array.shape[dim] - 1 else ""
    return f"{kind} ({place})" if place else kind


def _diagonal(wrong: Array) -> str:
    if wrong.ndim != 2 or min(wrong.shape) < 3:
        return ""
    on = np.eye(*wrong.shape) > 0
    if np.array_equal(wrong, on):
        return "only the diagonal differs"
    if np.array_equal(wrong, ~on):
        return "only the diagonal is right"
    above, below = bool(np.triu(wrong, 1).any()), bool(np.tril(wrong, -1).any())
    if above != below and not (wrong & on).any() and np.count_nonzero(wrong) > 2:
        return f"only elements {'above' if above else 'below'} the diagonal differ"
    return ""


def _by_sign(pair: Pair) -> str:
    """Return whether just the elements of one kind differ: those that should be negative, zero or positive."""
    if pair.expected.dtype.kind not in WHOLE + "f" or pair.count < 3:
        return ""
    value = pair.expected.astype(np.float64)
    for mask, name in ((value < 0, "negative"), (value > 0, "positive"), (value == 0, "0")):
        if np.array_equal(mask, pair.wrong):
            return f"just the elements that should be {name} differ"
    return ""
