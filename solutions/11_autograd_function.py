"""11 An operation of your own"""

from collections.abc import Callable
from typing import Any

import torch


class Sigmoid(torch.autograd.Function):
    """The sigmoid as one node."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        # The exponent is never positive, so the power is between 0 and 1, whatever x is.
        power = torch.exp(-x.abs())
        y = torch.where(x >= 0, 1.0, power) / (1 + power)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> torch.Tensor:
        (y,) = ctx.saved_tensors
        # subtle: written with y, so that nothing large is ever computed.
        return upstream * y * (1 - y)


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    # `apply` records the operation for backward; calling `forward` would not.
    result: torch.Tensor = Sigmoid.apply(x)
    return result


class ScaledProduct(torch.autograd.Function):
    """The scaled product of two tensors as one node."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor, scale: float) -> torch.Tensor:
        ctx.save_for_backward(a, b)
        ctx.scale = scale
        return a * b * scale

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        a, b = ctx.saved_tensors
        # One answer for each argument of forward; a number has no gradient.
        return upstream * b * ctx.scale, upstream * a * ctx.scale, None


def passes_gradcheck(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> bool:
    # Another dtype means another tensor: the caller's x does not start to require a gradient.
    leaf = x.to(torch.float64).requires_grad_()
    return torch.autograd.gradcheck(function, leaf, raise_exception=False)
