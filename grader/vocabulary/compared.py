"""Has two values of any kind compared by `difference`, which knows numpy alone."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grader.sandbox.shared.seen import Seen, SeenArray, SeenTensor
from grader.verdict import Difference
from grader.vocabulary.closeness import rounding, same, tolerance
from grader.vocabulary.describe import name_of
from grader.vocabulary.difference.containers import of_containers
from grader.vocabulary.difference.find import difference
from grader.vocabulary.difference.numbers import MOST, Array, Pair, Tolerance
from grader.vocabulary.ending import NOTHING_CALLED
from grader.vocabulary.words import ordinal

PLAIN = 1e-6  # relative and absolute, of plain floats
MOST_INT = 2**63


Steps = Callable[[], Sequence[torch.Tensor]]


@dataclass(frozen=True)
class Known:
    """What a check knows beside the two values: quantities by name, results of other steps, tolerances of its own."""

    quantities: Mapping[str, float]
    seen: Seen | None = None
    steps: Steps = tuple
    rtol: float | None = None
    atol: float | None = None
    is_gradient: bool = False


def compared(got: Any, expected: Any, known: Known) -> Difference | None:
    """Return where and how two values differ; None where nothing is known of that."""
    left, right = _array(got), _array(expected)
    if left is None or right is None:
        return of_containers(got, expected, same, functools.partial(compared, known=known))
    steps = tuple(_numpy(each) for each in known.steps())
    pair = Pair(left, right, _tolerance(got, expected, known), tuple(known.quantities.items()),
                tuple(_sizes(right, known)), steps, known.is_gradient)  # fmt: skip
    return difference(pair)


def _array(value: Any) -> Array | None:
    """Return a value as an array, None where it does not consist of numbers in rows."""
    if isinstance(value, (SeenTensor, SeenArray)):
        return None if value.data is None else _numpy(value.data)
    if isinstance(value, torch.Tensor):
        return None if value.device.type == "meta" else _numpy(value)
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "biufc" else None
    if _is_number(value):
        return np.asarray(value)
    return _of_rows(value) if isinstance(value, list) and 1 < len(value) <= MOST else None


def _numpy(tensor: torch.Tensor) -> Array:
    """Return a tensor as an array; of a dtype that numpy lacks, as float32."""
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    try:
        found: Array = tensor.numpy()
    except TypeError:
        return tensor.to(torch.float32).numpy()
    return found.astype(np.float32) if found.dtype == np.float16 else found


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < MOST_INT)


def _of_rows(value: list[Any]) -> Array | None:
    """Return a list of numbers, or of lists of equally many numbers, as an array."""
    if all(map(_is_number, value)):
        return np.asarray(value)
    sizes = {len(row) if isinstance(row, list) else 0 for row in value}
    if len(sizes) > 1 or 0 in sizes or len(value) * max(sizes) > MOST:
        return None
    return np.asarray(value) if all(map(_is_number, itertools.chain.from_iterable(value))) else None


def _tolerance(got: Any, expected: Any, known: Known) -> Tolerance:
    """Return when two values count as equal: as in a comparison of tensors, or as of plain numbers."""
    if not isinstance(got, (SeenTensor, SeenArray)) or not isinstance(expected, torch.Tensor):
        return Tolerance(known.rtol or PLAIN, known.atol or PLAIN)
    relative, absolute = tolerance(got.dtype, name_of(expected.dtype), getattr(got, "device", "cpu"))
    data = [each for each in (got.data, expected) if each is not None]
    return Tolerance(known.rtol or relative, known.atol or absolute, rounding(*data))


def _sizes(expected: Array, known: Known) -> Iterator[tuple[str, float]]:
    """Return the sizes of what was compared and of the arguments, by name."""
    names = ("the number of rows", "the number of columns") if expected.ndim == 2 else ()
    for dim, size in enumerate(expected.shape):
        if expected.ndim > 1:
            yield names[dim] if names else f"the size of dimension {dim} of what was expected", size
    if expected.ndim:
        yield "the number of elements", expected.size
    seen = known.seen or Seen(NOTHING_CALLED)
    for label, argument in zip(seen.labels, seen.arguments, strict=False):
        if label.isdecimal():
            yield from _of_argument(ordinal(int(label)), argument)
        elif re.search(rf"\b{re.escape(label)}\b", seen.called.said):  # what a probe calls its own is not said
            yield from _of_argument(f"`{label}`", argument)


def _of_argument(name: str, argument: Any) -> Iterator[tuple[str, float]]:
    if isinstance(argument, (SeenTensor, SeenArray)):
        for dim, size in enumerate(argument.shape):
            yield f"the size of dimension {dim} of {name}", size
        if len(argument.shape) > 1:
            yield f"the number of elements of {name}", float(np.prod(argument.shape))
    elif _is_number(argument) and math.isfinite(argument):
        yield f"{name}{' without its sign' if argument < 0 else ''}", abs(argument)
    elif isinstance(argument, (list, dict)):
        yield f"the number of entries of {name}", len(argument)
