"""Where the elements that differ lie: in one row, column or diagonal, first, last, where NaN is."""

from __future__ import annotations

import numpy as np

from grader.vocabulary.difference.numbers import WHOLE, Array, Pair, dimensions, told

DENSE = 0.75  # of several slices: where fewer elements differ, their slices are an accident


def where(pair: Pair) -> str:
    """Return where the elements that differ lie, as a sentence; "" where they lie in no place that has a name."""
    wrong = pair.wrong
    if pair.count == wrong.size or wrong.size < 2:
        return ""
    return _ends(wrong) or _line(wrong) or _diagonal(wrong) or _by_value(pair)


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
    """Return which row, column or other slices hold all the elements that differ, or are the only right ones."""
    found = [(*block, dim, mask is wrong) for mask in (wrong, ~wrong) for dim in dimensions(wrong)
             if (block := _block(mask, dim, full=mask is not wrong))]  # fmt: skip
    if not found:
        return ""
    first, last, dim, differ = min(found, key=lambda each: each[0] < each[1])
    verb = ("differs" if differ else "is right") if first == last else ("differ" if differ else "are right")
    return f"only {_slices(wrong, dim, first, last)} {verb}"


def _block(mask: Array, dim: int, *, full: bool) -> tuple[int, int] | None:
    """Return the first and the last of the slices that hold all of a mask, where there are others and few gaps."""
    hit = np.flatnonzero(mask.any(axis=tuple(each for each in range(mask.ndim) if each != dim)))
    first, last = int(hit[0]), int(hit[-1])
    if len(hit) < last - first + 1 or len(hit) == mask.shape[dim] or np.count_nonzero(mask) < 2:
        return None
    share = float(mask.take(hit, axis=dim).mean())
    return (first, last) if share == 1 or (not full and (share > DENSE or first == last)) else None


def _slices(array: Array, dim: int, first: int, last: int) -> str:
    """Return the name of one or more slices: "row 3 (the last)", "columns 2 to 4", "index 2 of dimension 1"."""
    one = "index" if array.ndim > 2 else "element" if array.ndim == 1 else ("row", "column")[dim]
    several = "indices" if array.ndim > 2 else f"{one}s"
    place = f" of dimension {dim}" if array.ndim > 2 else ""
    if first < last:
        return f"{several} {first} to {last}{place}"
    end = " (the first)" if first == 0 else " (the last)" if first == array.shape[dim] - 1 else ""
    return f"{one} {first}{place}{end}"


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


def _by_value(pair: Pair) -> str:
    """Return whether elements of one kind differ: those that should be one number, negative or positive."""
    if pair.expected.dtype.kind not in WHOLE + "f" or pair.count < 3:
        return ""
    value = pair.expected.astype(np.float64)
    due = value[pair.wrong]
    if (due == due[0]).all() and pair.distinct > 1:
        return f"only elements that should be {told(due[0])} differ"
    for mask, name in ((value < 0, "negative"), (value > 0, "positive")):
        if np.array_equal(mask, pair.wrong):
            return f"just the elements that should be {name} differ"
    return ""
