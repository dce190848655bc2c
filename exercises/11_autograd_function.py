"""11 An operation of your own

A function made of tensor operations leaves one node in the graph for each of them, and backward goes through them
one by one. If a number in between is too large, the gradient is lost, although the result looks fine:

    >>> import torch
    >>> x = torch.tensor([-100.0], requires_grad=True)
    >>> y = 1 / (1 + torch.exp(-x))
    >>> y.backward()
    >>> y.item(), x.grad
    (0.0, tensor([nan]))

A class derived from `torch.autograd.Function` is one node instead: `forward` computes the result, `backward` is given
the gradient that arrives there (`upstream`) and returns the gradient of each argument, by a formula of your
choice. Both get a `ctx` that is new for each call: `ctx.save_for_backward(...)` hands tensors from forward to
backward, which finds them in `ctx.saved_tensors`; anything that is not a tensor may be stored on ctx as an attribute.
You use the class through `apply`, which takes no keyword arguments: `Sigmoid.apply(x)`. Most operations need no such
class: autograd works out the gradient by itself.

Read on: https://docs.pytorch.org/docs/stable/notes/extending.html
"""

from collections.abc import Callable
from typing import Any

import torch


class Sigmoid(torch.autograd.Function):
    """Step 1. The sigmoid, 1 / (1 + exp(-x)), as one node.

    `Sigmoid.apply(x)` takes a float32 or float64 tensor of any shape, leaves it as it is, and returns a new one of the
    same shape and dtype. Result and gradient are right, and neither NaN nor infinite, for every finite x, however
    large or small. Any tensor operation may be used on the way.

    The derivative of the sigmoid is y * (1 - y), where y is its result.

    Tensors go from forward to backward through `ctx.save_for_backward`, not as attributes of ctx, of the
    class or of anything else. `upstream` stays as it is: other nodes may be given the same tensor.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        """Return the sigmoid of each element of x."""
        raise NotImplementedError("step 1: Sigmoid")

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> torch.Tensor:
        """Return the gradient with respect to x, given the one with respect to the result."""
        raise NotImplementedError("step 1: Sigmoid")


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """Step 2. Offer the class from step 1 as an ordinary function.

    Returns the sigmoid of x, with the node of `Sigmoid`, and no other, between it and x.
    """
    raise NotImplementedError("step 2: sigmoid")


class ScaledProduct(torch.autograd.Function):
    """Step 3. The product a * b * scale, with two tensors and a number, as one node.

    `ScaledProduct.apply(a, b, scale)` takes two float tensors of the same shape and dtype and a Python float, leaves
    them as they are, and returns a tensor of that shape and dtype. Either of a and b, or both, may require a gradient.

    `backward` returns one thing for each argument of `forward`, in the same order: a gradient for a tensor, None for
    anything that is not a tensor. Hand tensors on as in step 1; `upstream` stays as it is.
    """

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor, b: torch.Tensor, scale: float) -> torch.Tensor:
        """Return a * b * scale."""
        raise NotImplementedError("step 3: ScaledProduct")

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of a and b, and None for scale."""
        raise NotImplementedError("step 3: ScaledProduct")


def passes_gradcheck(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> bool:
    """Step 4. Say whether the backward of a function agrees with small differences of its values.

    function: takes a tensor and returns one of the same shape and dtype. x: float32, of any shape; it requires no
    gradient and stays as it is.

    `torch.autograd.gradcheck` compares the two, but float32 has too few digits for it: give it the numbers of x in
    float64, as a tensor that requires a gradient, and keep its own tolerances. Left to itself, it raises an error where
    the two disagree.

    Returns True where they agree at x and False where they do not; raises nothing.
    """
    raise NotImplementedError("step 4: passes_gradcheck")
