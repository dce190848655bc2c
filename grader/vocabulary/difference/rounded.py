"""Numbers that lost something: rounded, truncated, wrapped around, cut off, NaN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.vocabulary.difference.numbers import WHOLE, Array, Pair, Tolerance

WAYS = (("truncated", np.trunc), ("rounded", np.round), ("rounded down", np.floor), ("rounded up", np.ceil))
FEW = 3  # different numbers, of which fewer look rounded by accident
DECIMALS = range(1, 5)
WRAPS = ((0, 256), (-128, 256), (-(2**15), 2**16), (0, 2**16), (-(2**31), 2**32))


def up_to_nan(pair: Pair) -> str:
    """Return how many elements are NaN or infinite, where all others are right."""
    if pair.got.dtype.kind not in "fc":
        return ""
    for mask, name in ((np.isnan(pair.got), "NaN"), (np.isinf(pair.got), "infinite")):
        if pair.count and np.array_equal(mask & pair.wrong, pair.wrong):
            rest = "" if pair.count == pair.wrong.size else "; all others are right"
            return f"{'every element is' if not rest else _are(pair.count)} {name}{rest}"
    return ""


def _are(count: int) -> str:
    return f"{count} {'element is' if count == 1 else 'elements are'}"


def rounded(pair: Pair) -> str:
    """Return how the numbers became whole ones, or lost their later decimals."""
    if pair.real is None or pair.distinct < FEW:
        return ""
    if _is_whole(pair):
        found = (name for name, way in WAYS if pair.made_by(way))
        return next((f"{name} to whole numbers" for name in found), "")
    decimals = (places for places in DECIMALS if pair.made_by(_to(places)))
    return next((f"rounded to {places} decimal{'s' if places > 1 else ''}" for places in decimals), "")


def _to(places: int) -> Callable[[Array], Array]:
    return lambda x: np.asarray(np.round(x, places))


def _is_whole(pair: Pair) -> bool:
    got = pair.got.reshape(-1)
    return got.dtype.kind in WHOLE or all(bool((each == np.round(each)).all()) for each in (got[:100], got))


def precision(pair: Pair) -> str:
    """Return which dtype's precision the numbers have, where they were expected to have more."""
    if pair.real is None or pair.distinct < FEW or {pair.got.dtype.kind, pair.expected.dtype.kind} != {"f"}:
        return ""
    got, expected = pair.real
    for name, held, room in (
        ("float32", got.astype(np.float32).astype(np.float64), Tolerance(1e-5, 1e-7, 5e-7)),
        ("bfloat16", _bfloat16(got), Tolerance(1.2e-2, 1e-6, 4e-3)),
        ("float16", got.astype(np.float16).astype(np.float64), Tolerance(1.5e-3, 1e-6, 1e-3)),
    ):
        if np.array_equal(got, held) and got.any() and room.alike(got, expected):
            return f"right, but only to the precision of {name}"
    return ""


def _bfloat16(numbers: Array) -> Array:
    """Return the numbers without what a bfloat16 cannot hold."""
    bits = numbers.astype(np.float32).view(np.uint32)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def wrapped(pair: Pair) -> str:
    """Return at which number the numbers began again."""
    if pair.real is None or not pair.got.size or not _is_whole(pair):
        return ""
    got, expected = pair.real[0], np.trunc(pair.real[1])
    for low, size in WRAPS:
        turns = (expected - got) / size
        if np.array_equal(got, low + (expected - low) % size) and turns.any():
            return f"wrapped around at {size}"
    return ""


def cut_off(pair: Pair) -> str:
    """Return at which numbers all smaller, or larger, ones were cut off."""
    if pair.real is None or pair.count < 2 or pair.count == pair.wrong.size:
        return ""
    got, expected = pair.real
    less = pair.wrong & (expected < got)
    limits = [(got[side].min(), got[side].max()) for side in (less, pair.wrong & ~less) if side.any()]
    if any(lowest != highest for lowest, highest in limits):
        return ""
    low = got[less].min() if less.any() else -np.inf
    high = got[pair.wrong & ~less].max() if (pair.wrong & ~less).any() else np.inf
    if low > high or not pair.tolerance.alike(got, np.clip(expected, low, high)):
        return ""
    ends = [(low, "below"), (high, "above")]
    return "; ".join(f"what should be {side} {end:.5g} is {end:.5g}" for end, side in ends if np.isfinite(end))
