"""Puts two values into words that never read alike: what is shown of them is what differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.sandbox.shared.seen import SeenArray, SeenTensor
from grader.vocabulary import describe
from grader.vocabulary.closeness import same
from grader.vocabulary.words import MAX_TEXT, how_many

MAX_SHOWN = 200  # letters of a container, beyond which only the entry that differs is shown
MAX_LISTED = 4  # elements of a list that is longer than another
DIGITS = (5, 9, 17)
AROUND = 30  # letters before the first that differs in a long text

Texts = tuple[str, str]


def elements(got: torch.Tensor, expected: torch.Tensor, wrong: torch.Tensor) -> Texts:
    """Return the first elements of both, or those from the first on that differs where no earlier one is shown."""
    if not got.ndim:
        return _numbers(got.reshape(1), expected.reshape(1))
    first = int(wrong.reshape(-1).nonzero()[0])
    start = 0 if first < describe.MAX_VALUES else first
    parts = [each.detach().reshape(-1)[start : start + describe.MAX_VALUES] for each in (got, expected)]
    place = f"from {describe.index_of(first, got.shape)} on: " if start else ""
    more = ", …" if start + describe.MAX_VALUES < got.numel() else ""
    left, right = (f"{place}[{each}{more}]" for each in _numbers(*parts))
    return left, right


def _numbers(got: torch.Tensor, expected: torch.Tensor) -> Texts:
    """Return both as numbers in a row, with digits enough to tell them apart."""
    for digits in DIGITS:
        left, right = (", ".join(_digits(each.item(), digits) for each in row) for row in (got, expected))
        if left != right:
            break
    return left, right


def _digits(value: complex, digits: int) -> str:
    return str(value) if isinstance(value, (bool, int)) else f"{value or 0.0:.{digits}g}"


def values(got: Any, expected: Any) -> Texts:
    """Return both in words: all of them, or of large ones the entry that differs."""
    if tensors := _tensors(got, expected):
        return tensors
    texts = describe.in_full(got), describe.in_full(expected)
    if texts[0] != texts[1] and max(map(len, texts)) <= MAX_SHOWN:
        return texts
    key = _first_apart(got, expected)
    if key is not None:
        kind = "entry" if isinstance(got, dict) else "element"
        left, right = values(got[key], expected[key])
        return f"{kind} {describe.describe(key)}: {left}", f"{kind} {describe.describe(key)}: {right}"
    if isinstance(got, dict) and isinstance(expected, dict) and got.keys() != expected.keys():
        return _keys(got, expected), _keys(expected, got)
    if isinstance(got, (list, tuple)) and type(got) is type(expected) and len(got) != len(expected):
        return _from_the_first_apart(got, expected)
    return texts if texts[0] != texts[1] else _leaves(got, expected, texts)


def _first_apart(got: Any, expected: Any) -> Any:
    """Return the key of the first entry that differs, None where the entries cannot be set against each other."""
    if isinstance(got, dict) and isinstance(expected, dict) and got.keys() == expected.keys():
        return next((key for key in expected if not same(got[key], expected[key])), None)
    if isinstance(got, (list, tuple)) and type(got) is type(expected) and len(got) == len(expected):
        return next((at for at, pair in enumerate(zip(got, expected, strict=True)) if not same(*pair)), None)
    return None


def _from_the_first_apart(got: Any, expected: Any) -> Texts:
    """Return of two rows of elements that are not equally long how many there are, and those that differ first."""
    shorter = min(len(got), len(expected))
    first = next((at for at, pair in enumerate(zip(got, expected, strict=False)) if not same(*pair)), shorter)
    left, right = (_from(first, each) for each in (got, expected))
    return left, right


def _from(first: int, row: Any) -> str:
    shown = row[first : first + MAX_LISTED]
    count = how_many(len(row), "element")
    return f"{count}, from element {first} on: {describe.in_full(shown)}" if shown else count


def _keys(some: dict[Any, Any], others: dict[Any, Any]) -> str:
    """Return of a dict the keys, those first that the other lacks."""
    return f"the keys {describe.describe(sorted(some, key=lambda key: key in others))}"


def _leaves(got: Any, expected: Any, alike: Texts) -> Texts:
    """Return two single values that read alike as long as only their beginnings are shown."""
    if isinstance(got, float) and isinstance(expected, float):
        return repr(got), repr(expected)
    if isinstance(got, str) and isinstance(expected, str):
        alike_until = next((at for at, pair in enumerate(zip(got, expected, strict=False)) if len({*pair}) > 1), AROUND)
        start = max(0, alike_until - AROUND)
        left, right = (_cut(each, start) for each in (got, expected))
        return left, right
    return alike


def _tensors(got: Any, expected: Any) -> Texts | None:
    """Return two tensors or arrays that differ in their numbers alone or also; None for anything else."""
    data, wanted = _data(got), _data(expected)
    if data is None or wanted is None or data.shape != wanted.shape:
        return None
    left, right = (each.to(torch.complex128) for each in (data, wanted))
    wrong = ~((left == right) | (left.isnan() & right.isnan()))
    if not wrong.any():
        return None
    shown = elements(data, wanted, wrong)
    return f"{describe.describe(got)} {shown[0]}", f"{describe.describe(expected)} {shown[1]}"


def _data(value: Any) -> torch.Tensor | None:
    if isinstance(value, (SeenTensor, SeenArray)):
        return value.data
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    return value.detach() if isinstance(value, torch.Tensor) and value.device.type != "meta" else None


def _cut(text: str, start: int) -> str:
    shown = text[start : start + MAX_TEXT]
    return f"{'…' if start else ''}{shown!r}{'…' if start + MAX_TEXT < len(text) else ''}"
