"""Two results as numpy holds them, and when numbers count as equal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Pattern = Callable[["Pair"], str]

MOST = 1_000_000  # elements of the larger result: beyond, no pattern is looked for
SAMPLE = 512
EXACT = 2.0**52  # integers beyond are not all held by a float64
WHOLE = "biu"


@dataclass(frozen=True)
class Tolerance:
    """How far apart two numbers may be: relative to what is expected, absolute, and relative to the largest."""

    relative: float = 0.0
    absolute: float = 0.0
    rounding: float = 0.0

    def fits(self, got: Array, expected: Array) -> Array:
        """Return elementwise whether the numbers count as equal; NaN is equal to nothing."""
        if got.dtype.kind in WHOLE and expected.dtype.kind in WHOLE:
            return np.asarray(got == expected)
        got, expected = (each.astype(np.float64) if each.dtype.kind in WHOLE else each for each in (got, expected))
        with np.errstate(all="ignore"):
            size = np.abs(expected)
            largest = float(np.max(size, initial=0.0, where=np.isfinite(size)))
            room = max(self.absolute, self.rounding * largest) + self.relative * size
            return np.asarray((got == expected) | ((np.abs(got - expected) <= room) & np.isfinite(expected)))

    def alike(self, got: Array, expected: Array) -> bool:
        """Return whether all the numbers count as equal, and the shapes are."""
        return got.shape == expected.shape and bool(self.fits(got, expected).all())

    def wide(self, *arrays: Array) -> Tolerance:
        """Return a tolerance that is at least as wide for any part of these arrays."""
        with np.errstate(all="ignore"):
            sizes = [float(np.max(np.abs(each), initial=0.0, where=np.isfinite(each))) for each in arrays]
        return Tolerance(self.relative, max(self.absolute, self.rounding * max(sizes)))


@dataclass(frozen=True)
class Pair:
    """What came back and what was expected, as arrays, with all that patterns may reckon with.

    `quantities` are the exercise's own numbers by name, told before `sizes`, those of shapes; `steps` is what the
    result is after 0, 1, 2 … steps; `is_gradient` tells whether this is a gradient.
    """

    got: Array
    expected: Array
    tolerance: Tolerance = Tolerance()
    quantities: tuple[tuple[str, float], ...] = ()
    sizes: tuple[tuple[str, float], ...] = ()
    steps: tuple[Array, ...] = field(default=())
    is_gradient: bool = False

    @cached_property
    def wrong(self) -> Array:
        """Which elements differ; shapes have to be equal."""
        return ~self.tolerance.fits(self.got, self.expected)

    @cached_property
    def count(self) -> int:
        """How many elements differ."""
        return int(np.count_nonzero(self.wrong))

    @cached_property
    def distinct(self) -> int:
        """How many different numbers are expected, of a sample: a pattern among few of them may be an accident."""
        flat = self.expected.reshape(-1)
        return len(np.unique(flat[:: max(1, flat.size // 4096)]))

    @cached_property
    def _sample(self) -> Array:
        """The places, in the order of all, of some elements: of those that differ, where shapes are equal."""
        size = self.got.size
        at = np.flatnonzero(self.wrong) if self.got.shape == self.expected.shape else np.arange(size)
        return at[:: max(1, len(at) // SAMPLE)]

    @cached_property
    def _wide(self) -> Tolerance:
        return self.tolerance.wide(self.got, self.expected)

    def alike(self, expected: Array) -> bool:
        """Return whether what came back is this instead, be it in another shape; most that it is not is soon told."""
        if expected.size != self.got.size:
            return False
        few, other = (each[np.unravel_index(self._sample, each.shape)] for each in (self.got, expected))
        return bool(self._wide.fits(few, other).all()) and self.tolerance.alike(
            self.got, expected.reshape(self.got.shape)
        )

    def made_by(self, function: Callable[[Array], Array]) -> bool:
        """Return whether what came back is this function of what was expected, number by number."""
        if self.real is None:
            return False
        got, expected = (each.reshape(-1) for each in self.real)
        few = function(expected[self._sample])
        if not np.isfinite(few).all() or not self._wide.fits(got[self._sample], few).all():
            return False
        product = function(self.real[1])
        return bool(np.isfinite(product).all()) and self.tolerance.alike(self.real[0], product)

    @cached_property
    def real(self) -> tuple[Array, Array] | None:
        """Both as float64, where all is finite, real and held exactly; else None."""
        both = self.got, self.expected
        if any(each.dtype.kind not in WHOLE + "f" for each in both):
            return None
        left, right = (each.astype(np.float64) for each in both)
        if not (np.isfinite(left).all() and np.isfinite(right).all()):
            return None
        large = max(float(np.abs(each).max(initial=0.0)) for each in (left, right))
        whole = any(each.dtype.kind in WHOLE for each in both)
        return None if whole and large > EXACT else (left, right)

    def part(self, mask: Array) -> Pair:
        """Return the pair of these elements alone, in a row."""
        return Pair(self.got[mask], self.expected[mask], self.tolerance, self.quantities, self.sizes)


def first_pattern(pair: Pair, patterns: tuple[Pattern, ...]) -> str:
    """Return what the first pattern that holds says, "" where none does."""
    with np.errstate(all="ignore"):
        return next((said for each in patterns if (said := each(pair))), "")


def worst(pair: Pair) -> tuple[int, ...]:
    """Return the index of the element that is farthest off; NaN is as far off as can be."""
    if not pair.got.ndim:
        return ()
    with np.errstate(all="ignore"):
        both = (each.astype(complex if each.dtype.kind == "c" else float) for each in (pair.got, pair.expected))
        left, right = both
        off = np.where(pair.wrong, np.nan_to_num(np.abs(left - right), nan=np.inf, posinf=np.inf), -1.0)
    return tuple(int(index) for index in np.unravel_index(int(off.argmax()), off.shape))


def dimensions(array: Array) -> Iterator[int]:
    """Return the dimensions that have more than one element."""
    return (dim for dim, size in enumerate(array.shape) if size > 1)


def told(value: float) -> str:
    """Return a number as it is told to a learner: a whole one without a point."""
    value = float(value)
    return str(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < EXACT else f"{value:.5g}"


def slice_kind(ndim: int, dim: int, plural: str = "") -> str:
    """Return what a slice across a dimension is called; with "s", what several are."""
    return f"{('row', 'column')[dim]}{plural}" if ndim == 2 else f"slice{plural} along dimension {dim}"
