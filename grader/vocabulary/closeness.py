"""When two values count as equal: tolerances by dtype and device from one table, and NaN equal to nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

from grader.sandbox.shared.seen import SeenArray, SeenTensor
from grader.vocabulary.describe import index_of, name_of
from grader.vocabulary.words import number

# (relative, absolute) by dtype: room for another order of operations, not for another formula.
TOLERANCES = {
    "float64": (1e-7, 1e-9),
    "float32": (2e-5, 2e-6),
    "float16": (2e-3, 1e-4),
    "bfloat16": (1.6e-2, 1e-3),
}
ROUNDINGS = 4
# Other devices add in another order, and may multiply in reduced precision.
DEVICE_FACTOR = {"cpu": 1.0, "cuda": 20.0, "mps": 20.0}


def tolerance(got: str, expected: str, device: str) -> tuple[float, float]:
    """Return (relative, absolute) for two dtypes' names: that of the coarser, wider off the CPU."""
    pairs = [TOLERANCES[name] for name in (got, expected) if name in TOLERANCES] or [(0.0, 0.0)]
    relative, absolute = max(pairs)
    factor = DEVICE_FACTOR.get(device, 1.0)
    return relative * factor, absolute * factor


def close(got: torch.Tensor, expected: torch.Tensor, rtol: float, atol: float) -> torch.Tensor:
    """Return elementwise whether |got - expected| <= atol + rtol * |expected|; NaN is close to nothing.

    `atol` is at least a few roundings of the largest element: one near zero may be the rest of terms as large as that.
    """
    if got.dtype == expected.dtype and not got.dtype.is_floating_point:
        return torch.as_tensor(got == expected)
    left, right = got.to(torch.float64), expected.detach().to(torch.float64)
    largest = float(right.nan_to_num(0.0, 0.0, 0.0).abs().max()) if right.numel() else 0.0
    return torch.isclose(left, right, rtol=rtol, atol=max(atol, rounding(got, expected) * largest))


def rounding(*tensors: torch.Tensor) -> float:
    """Return how much of the largest element a few roundings come to, in the coarsest dtype."""
    return ROUNDINGS * max(
        (torch.finfo(each.dtype).eps for each in tensors if each.dtype.is_floating_point), default=0.0
    )


def looks_like(value: Any, product: Any) -> bool:
    """Return whether a value is what a misconception would have produced, whatever its dtype."""
    if isinstance(product, torch.Tensor):
        if not isinstance(value, (SeenTensor, SeenArray)) or value.data is None or value.shape != tuple(product.shape):
            return False
        relative, absolute = tolerance(value.dtype, name_of(product.dtype), getattr(value, "device", "cpu"))
        return bool(close(value.data, product, relative, absolute).all())
    return same(value, product)


def one_of(products: Iterable[Any]) -> Callable[[Any], bool]:
    """Return a function that tells whether a value is what a misconception would have produced in one of its ways."""
    ways = list(products)
    return lambda value: any(looks_like(value, product) for product in ways)


def near(expected: float, device: torch.device | str = "cpu") -> Callable[[Any], bool]:
    """Return a function that tells whether a value is the float `expected`, but for float32 rounding on that device."""
    relative, absolute = tolerance("float32", "float32", torch.device(device).type)
    return lambda value: type(value) is float and math.isclose(value, expected, rel_tol=relative, abs_tol=absolute)


def together(values: Sequence[Any], *products: Sequence[Any]) -> Callable[[Any], bool]:
    """Return a function, of whatever came back, that tells whether all these values are those of one product.

    For what shows only in several results at once, and is asked of each of them.
    """
    fits = any(all(map(looks_like, values, product)) for product in products)
    return lambda _: fits


def same(value: Any, expected: Any) -> bool:
    """Return whether two plain values are equal with equal types throughout; floats within 1e-6."""
    if isinstance(expected, torch.Tensor):
        return looks_like(value, expected) and value.dtype == name_of(expected.dtype)
    if type(value) is not type(expected):
        return False
    if isinstance(expected, float):
        return bool(value == expected or abs(value - expected) <= 1e-6 * max(1.0, abs(expected)))
    if isinstance(expected, (list, tuple)):
        return len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(expected, dict):
        return value.keys() == expected.keys() and all(same(value[key], expected[key]) for key in expected)
    return bool(value == expected)


def requires_grad(sent: torch.Tensor | np.ndarray[Any, Any]) -> bool:
    """Return whether an argument required gradients when it was sent; a numpy array never does."""
    return isinstance(sent, torch.Tensor) and sent.requires_grad


def unchanged(now: Any, expected: torch.Tensor) -> bool:
    """Return whether an argument still holds what was sent, NaN for NaN."""
    if (
        not isinstance(now, (SeenTensor, SeenArray))
        or now.shape != tuple(expected.shape)
        or now.dtype != name_of(expected.dtype)
    ):
        return False
    return now.data is None or torch.equal(torch.nan_to_num(now.data), torch.nan_to_num(expected))


def first(mask: torch.Tensor) -> str:
    """Return the index of the first True, as a learner would write it."""
    return str(tuple(int(index) for index in mask.nonzero()[0])) if mask.ndim else "()"


def counted(count: int, total: int) -> str:
    """Return how many elements differ, in words."""
    return f"{count} of {total} elements {'differs' if count == 1 else 'differ'}"


def mismatch(got: torch.Tensor, expected: torch.Tensor, wrong: torch.Tensor) -> str:
    """Return how many elements differ, by how much at most, and where."""
    count, total = int(wrong.sum()), wrong.numel()
    off = torch.where(wrong, (got.double() - expected.detach().double()).abs(), 0.0)
    worst = off.nan_to_num(nan=torch.inf).argmax()
    most = float(off.flatten()[worst])
    if total == 1:
        return f"off by {number(most)}" if math.isfinite(most) else ""
    place = index_of(int(worst), off.shape)
    where = f"most by {number(most)} at {place}" if math.isfinite(most) else f"the first at {first(wrong)}"
    return f"{counted(count, total)} ({count / total:.1%}), {where}"
