"""What was done to every number: times a factor, plus an offset, another sign, squared, summed up along the way."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from grader.vocabulary.difference.numbers import WHOLE, Array, Pair, dimensions, slice_kind, told
from grader.vocabulary.difference.quantities import names

FEW = 3
EXTREME = 1e15  # factors and offsets beyond are none that a learner made
LARGEST_OF_ONE = 16  # a factor that is told of a single number, unless it has a name
FUNCTIONS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("the absolute value", np.abs),
    ("the square", np.square),
    ("the square root", np.sqrt),
    ("the exponential", np.exp),
    ("the logarithm", np.log),
    ("the reciprocal", np.reciprocal),
    ("the sigmoid", lambda x: 1 / (1 + np.exp(-x))),
    ("the hyperbolic tangent", np.tanh),
)


def constant(pair: Pair) -> str:
    """Return which number all elements are, where other ones were expected."""
    got = pair.got.reshape(-1)
    if got.size < 2 or pair.distinct < 2 or got.dtype.kind not in WHOLE + "f" or not (got == got[0]).all():
        return ""
    return f"every element is {got[0] if got.dtype.kind == 'b' else told(got[0])}"


def factor(pair: Pair) -> str:
    """Return by what all numbers were multiplied."""
    if pair.real is None or not pair.got.size:
        return ""
    got, expected = (each.reshape(-1) for each in pair.real)
    largest = int(np.abs(expected).argmax())
    if not expected[largest] or not got[largest]:
        return ""
    by = got[largest] / expected[largest]
    if not (EXTREME > abs(by) > 1 / EXTREME):
        return ""
    whole = round(by) if abs(by) > 1 else 1 / round(1 / by)
    by = whole if abs(whole - by) <= 1e-4 * abs(by) else by
    if not pair.made_by(lambda x: by * x) or told(by) in ("1", "0"):
        return ""
    return _factor_told(pair, by) if _is_sure(pair, by) else ""


def _is_sure(pair: Pair, by: float) -> bool:
    """Return whether a factor is no accident: a single number is some multiple of any other."""
    if pair.distinct > 1 and np.count_nonzero(pair.expected) > 1:
        return True
    size = abs(by) if abs(by) >= 1 else 1 / abs(by)
    if size != round(size) and {pair.got.dtype.kind, pair.expected.dtype.kind} <= set(WHOLE):
        return False  # two counts: 3 in place of 2 is one more, not 1.5 times as many
    if names(pair, size):
        return True
    numbers = [abs(float(each.reshape(-1)[np.abs(each).argmax()])) for each in (pair.got, pair.expected)]
    if size != round(size) or size > LARGEST_OF_ONE or (1.0 in numbers and pair.got.dtype.kind in WHOLE):
        return False
    return math.isclose(max(numbers), size * min(numbers), rel_tol=1e-5)


def _factor_told(pair: Pair, by: float) -> str:
    size = abs(by)
    sign = ", with the other sign" if by < 0 else ""
    if size == 1:
        return "the sign is the other one" if pair.got.size == 1 else "every sign is the other one"
    if by == 2 and pair.is_gradient:
        return "twice as large as expected, like the gradient of twice the loss"
    if size > 1:
        times = "twice" if size == 2 else f"{told(size)} times"
        return f"{times} as large as expected{sign}{names(pair, size)}"
    if told(1 / size).isdecimal() or names(pair, 1 / size):
        return f"what was expected, divided by {told(1 / size)}{sign}{names(pair, 1 / size)}"
    return f"{told(size)} times what was expected{sign}{names(pair, size)}"


def offset(pair: Pair) -> str:
    """Return what was added to all numbers."""
    if pair.real is None or pair.distinct < 2:
        return ""
    got, expected = pair.real
    by = float((got - expected).reshape(-1)[0])
    if abs(by) > EXTREME:
        return ""
    by = round(by) if abs(round(by) - by) <= 1e-4 * abs(by) else by
    if not by or not pair.made_by(lambda x: x + by):
        return ""
    return f"too {'large' if by > 0 else 'small'} by {told(abs(by))} everywhere{names(pair, abs(by))}"


def straight_line(pair: Pair) -> str:
    """Return by what all numbers were multiplied and what was added then."""
    if pair.real is None or pair.distinct < 4:
        return ""
    got, expected = (each.reshape(-1) for each in pair.real)
    low, high = int(expected.argmin()), int(expected.argmax())
    by = (got[high] - got[low]) / (expected[high] - expected[low])
    plus = got[low] - by * expected[low]
    if told(by) in ("0", "1") or told(plus) == "0" or not pair.made_by(lambda x: by * x + plus):
        return ""
    return f"{told(by)} times what was expected, {'plus' if plus > 0 else 'minus'} {told(abs(plus))}"


def signs(pair: Pair) -> str:
    """Return of how many elements the sign alone differs."""
    if pair.real is None or pair.count < 2 or not pair.tolerance.alike(np.abs(pair.real[0]), np.abs(pair.real[1])):
        return ""
    negative = pair.real[0] < 0
    if not negative.any():
        return "the absolute value of what was expected"
    return f"right but for the sign of {pair.count} elements"


def _is_plain(pair: Pair) -> bool:
    """Return whether the numbers are such that one is a function of the other by accident: few, whole, 0 or 1."""
    if pair.distinct >= FEW:
        return False
    return any(each.dtype.kind in WHOLE or bool((each == np.round(each)).any()) for each in (pair.got, pair.expected))


def function(pair: Pair) -> str:
    """Return which well-known function of what was expected this is."""
    if pair.real is None or _is_plain(pair):
        return ""
    return next((f"{name} of what was expected" for name, of in FUNCTIONS if pair.made_by(of)), "")


def inverse(pair: Pair) -> str:
    """Return of which well-known function of this the expected numbers are the result."""
    if pair.real is None or _is_plain(pair):
        return ""
    other_way_round = Pair(pair.real[1], pair.real[0], pair.tolerance)
    found = (name for name, of in FUNCTIONS[1:5] + FUNCTIONS[6:] if other_way_round.made_by(of))
    return next((f"{name} of this is what was expected" for name in found), "")


def running_sum(pair: Pair) -> str:
    """Return along which dimension each number holds those before it, too."""
    if pair.real is None or pair.count < 2:
        return ""
    got, expected = pair.real
    for dim in dimensions(expected):
        place = "" if expected.ndim == 1 else f" along dimension {dim}"
        if pair.alike(np.cumsum(expected, axis=dim)):
            return f"a running sum{place}"
        if pair.tolerance.alike(np.cumsum(got, axis=dim), expected):
            return f"single terms of what should be a running sum{place}"
    return ""


def repeated(pair: Pair) -> str:
    """Return along which dimension all slices are the same one, and which that is."""
    got, expected = pair.got, pair.expected
    for dim in dimensions(got):
        first = np.broadcast_to(got.take([0], axis=dim), got.shape)
        if not pair.tolerance.alike(got, first) or pair.tolerance.alike(
            expected, np.broadcast_to(expected.take([0], axis=dim), expected.shape)
        ):
            continue
        return f"every {slice_kind(got.ndim, dim)} is the same{_which(pair, dim)}" if got.ndim > 1 else ""
    return ""


def _which(pair: Pair, dim: int) -> str:
    expected = pair.expected
    known = [("first", expected.take([0], axis=dim)), ("last", expected.take([-1], axis=dim))]
    if pair.real is not None:
        known += [(f"{word} of all", getattr(pair.real[1], word)(axis=dim, keepdims=True)) for word in ("mean", "sum")]
    for which, line in known:
        if pair.alike(np.broadcast_to(line, expected.shape)):
            return f", the {which} that was expected" if " " not in which else f", the {which} that were expected"
    return ""


def of_its_own(pair: Pair) -> str:
    """Return along which dimension each slice was multiplied by, or moved by, a number of its own."""
    if pair.real is None or pair.got.ndim < 2:
        return ""
    for dim in dimensions(pair.got):
        got, expected = (np.moveaxis(each, dim, 0).reshape(each.shape[dim], -1) for each in pair.real)
        if expected.shape[1] < FEW or not np.moveaxis(pair.wrong, dim, 0).reshape(expected.shape).any(axis=1).all():
            continue
        at = np.arange(len(expected)), np.abs(expected).argmax(axis=1)
        ways = (
            ("times a factor", got[at] / expected[at], np.multiply),
            ("plus an offset", got[at] - expected[at], np.add),
        )
        for word, own, by in ways:
            product = by(own[:, None], expected)
            # One number for all of them is none of its own.
            if np.isfinite(product).all() and not np.allclose(own, own[0]) and pair.tolerance.alike(got, product):
                return f"each {slice_kind(pair.got.ndim, dim)} is what was expected {word} of its own"
        if (lines := _lines(got, expected)) is not None and pair.tolerance.wide(got, lines).fits(got, lines).all():
            kind = slice_kind(pair.got.ndim, dim)
            return f"each {kind} is what was expected times a factor, plus an offset, both of its own"
    return ""


def _lines(got: Array, expected: Array) -> Array | None:
    """Return in each row the straight line through its smallest and its greatest number; None where there is none."""
    rows, low, high = np.arange(len(expected)), expected.argmin(axis=1), expected.argmax(axis=1)
    apart = expected[rows, high] - expected[rows, low]
    # Through three points of two numbers a line goes by accident.
    if any(len(np.unique(row)) < FEW + 1 for row in expected) or not apart.all():
        return None
    by = ((got[rows, high] - got[rows, low]) / apart)[:, None]
    return np.asarray(got[rows, low][:, None] + by * (expected - expected[rows, low][:, None]))


def one_number(pair: Pair) -> str:
    """Return which number all elements are, where all should be another one."""
    got = pair.got.reshape(-1)
    if got.size < 2 or pair.distinct > 1 or got.dtype.kind not in WHOLE + "f" or not (got == got[0]).all():
        return ""
    return f"every element is {got[0] if got.dtype.kind == 'b' else told(got[0])}"
