"""A small picture of two results side by side, around the place where they differ most."""

from __future__ import annotations

import numpy as np

from grader.verdict import Picture
from grader.vocabulary.difference.numbers import WHOLE, Array, Pair, worst

Cells = tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]  # of what came back, and of what was expected

MOST_CELLS = 16  # rows, and columns
MOST_NUMBERS = 5  # columns, or elements of a vector, that are written as numbers; of wider matrices, each is a shade
MOST_LINES = 8  # rows of numbers
MOST_LETTERS = 10  # of a number in a cell
MOST_MARKED = 0.9  # of the shades: where more differ, a few rows show as much as many
ROWS_OF_A_WALL = 4
IN_A_LINE = 6  # elements of a vector that are told in words without a picture
SHADES = "·░▒▓█"
DIGITS = (2, 3, 4, 5, 6, 9)


def of(pair: Pair) -> Picture | None:
    """Return the picture of two arrays of the same shape; None where words show all of it."""
    got, expected, wrong = (_drop_ones(each) for each in (pair.got, pair.expected, pair.wrong))
    if (
        got.ndim == 0
        or (got.ndim == 1 and got.size <= IN_A_LINE)
        or any(each.dtype.kind not in "biufc" for each in (got, expected))
    ):
        return None
    place = _worst_here(pair)
    lead, shape = place[:-2], got.shape[-2:]
    plane = _plane(pair) if lead else ""
    planes = [each[lead] if lead else each for each in (got, expected, wrong)]
    planes = [each.reshape(1, -1) if each.ndim == 1 else each for each in planes]
    few = planes[0].shape[1] <= MOST_NUMBERS or len(planes[0]) == 1
    most = (MOST_LINES, MOST_NUMBERS) if few else (MOST_CELLS, MOST_CELLS)
    parts = _parts(place, planes[0].shape, most)
    if not few and _is_a_wall(_marks(*_cut(planes, parts))):
        parts = _parts(place, planes[0].shape, (ROWS_OF_A_WALL, MOST_CELLS))
    got, expected, wrong = _cut(planes, parts)
    cells = (few and _numbers(got, expected, wrong)) or _shades(got, expected)
    return Picture(_caption(plane, shape, parts), cells[1], cells[0], _marks(got, expected, wrong))


def _parts(place: tuple[int, ...], shape: tuple[int, ...], most: tuple[int, int]) -> list[slice]:
    """Return which rows and which columns are shown, around a place."""
    return [_part(at, size, limit) for at, size, limit in zip((0, *place)[-2:], shape, most, strict=True)]


def _cut(planes: list[Array], parts: list[slice]) -> list[Array]:
    return [each[parts[0], parts[1]] for each in planes]


def _is_a_wall(marks: tuple[str, ...]) -> bool:
    """Return whether nearly every cell differs, some this way and some that: shades of those show little."""
    signs = "".join(marks)
    return len({*signs} - {" "}) > 1 and signs.count(" ") < (1 - MOST_MARKED) * len(signs)


def _drop_ones(array: Array) -> Array:
    return array.reshape([size for size in array.shape if size != 1])


def _worst_here(pair: Pair) -> tuple[int, ...]:
    """Return the worst place without the dimensions of size 1."""
    return tuple(index for index, size in zip(worst(pair), pair.got.shape, strict=True) if size != 1)


def _part(at: int, size: int, most: int) -> slice:
    """Return at most `most` of a dimension, with `at` in their middle where there is more on both sides."""
    start = max(0, min(at - most // 2, size - most))
    return slice(start, min(size, start + most))


def _plane(pair: Pair) -> str:
    """Return which matrix is shown, as its owner would index it: dimensions of size 1 count there."""
    wide = [dim for dim, size in enumerate(pair.got.shape) if size != 1][-2:]
    return ", ".join(":" if dim in wide else str(index) for dim, index in enumerate(worst(pair)))


def _caption(plane: str, shape: tuple[int, ...], parts: list[slice]) -> str:
    """Return which part of the whole is shown; "" where all of it is."""
    names = ("row", "column") if len(shape) == 2 else ("", "element")
    whole = shape if len(shape) == 2 else (1, *shape)
    shown = [
        f"{name}s {part.start} to {part.stop - 1} of {size}"
        if part.stop - part.start > 1
        else f"{name} {part.start} of {size}"
        for name, part, size in zip(names, parts, whole, strict=True)
        if name and part.stop - part.start < size
    ]
    return ", ".join([*([f"shown is [{plane}]"] if plane else []), *shown])


def _numbers(got: Array, expected: Array, wrong: Array) -> Cells | None:
    """Return both as numbers, those that differ with digits enough for it to be seen; None where these are too many."""
    rows = zip(got.tolist(), expected.tolist(), wrong.tolist(), strict=True)
    pairs = [[_apart(*three) for three in zip(*row, strict=True)] for row in rows]
    if any(len(each) > MOST_LETTERS for row in pairs for pair in row for each in pair):
        return None
    left, right = (tuple(tuple(pair[side] for pair in row) for row in pairs) for side in (0, 1))
    return left, right


def _apart(got: complex, expected: complex, differ: bool) -> tuple[str, str]:
    for digits in DIGITS:
        texts = _text(got, digits), _text(expected, digits)
        if texts[0] != texts[1] or not differ:
            break
    return texts


def _text(value: complex, digits: int) -> str:
    if isinstance(value, (bool, int)):
        return str(value)
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+0" in text and isinstance(value, float) else text


def _shades(got: Array, expected: Array) -> Cells:
    """Return both as shades, from the smallest number of both to the largest; "?" is not finite."""
    with np.errstate(all="ignore"):
        planes = [(np.abs(each) if each.dtype.kind == "c" else each).astype(np.float64) for each in (got, expected)]
        finite = np.concatenate([each[np.isfinite(each)] for each in planes])
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        left, right = (tuple(tuple(_shade(value, low, high) for value in row) for row in plane) for plane in planes)
    return left, right


def _shade(value: float, low: float, high: float) -> str:
    if not np.isfinite(value):
        return "?"
    span = high / 2 - low / 2  # halves, for the difference of the largest numbers is infinite
    level = 0.0 if span <= 0 else (value / 2 - low / 2) / span
    return SHADES[min(int(level * len(SHADES)), len(SHADES) - 1)]


def _marks(got: Array, expected: Array, wrong: Array) -> tuple[str, ...]:
    """Return a row's signs as a text: ↑ too large, ↓ too small, ≠ different otherwise, a space where both agree."""
    ordered = all(each.dtype.kind in WHOLE + "f" for each in (got, expected))
    with np.errstate(all="ignore"):
        more, less = (got > expected, got < expected) if ordered else (np.zeros_like(wrong), np.zeros_like(wrong))
        signs = np.where(~wrong, " ", np.where(more, "↑", np.where(less, "↓", "≠")))
    return tuple(map("".join, signs.tolist()))
