"""04 In place, or not

Most operations have two forms. The *functional* one, `x.abs()`, leaves x alone and returns a new tensor. The *in-place*
one, `x.abs_()`, writes into the memory of x and returns x itself; the underscore says so. It saves memory and a copy,
and everybody who holds x, or a view of it, sees the change.

    >>> import torch
    >>> x = torch.tensor([[1.0, -2.0], [-3.0, 4.0]])
    >>> y = x.abs()
    >>> y is x, x[0, 1].item()
    (False, -2.0)
    >>> row = x[1]
    >>> z = row.abs_()
    >>> z is row, x[1, 0].item()
    (True, 3.0)
    >>> x._version
    1

`_version` counts the writes. Autograd compares it with the count at the time when it saved the tensor for the backward
pass, and raises where they differ: the gradient would be computed from the wrong numbers. A write through `.data` or
through numpy is not counted, and such a gradient is wrong in silence.

Read on: https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd
"""

from collections.abc import Callable

import torch


def scaled(tensor: torch.Tensor, factor: float, bias: float) -> torch.Tensor:
    """Step 1. Compute tensor * factor + bias, and leave `tensor` alone.

    tensor: float32, of any shape, requires no gradient.

    Returns a new tensor of the same shape, dtype and device. Nothing is ever written into `tensor`.
    """
    raise NotImplementedError("step 1: scaled")


def scale_(tensor: torch.Tensor, factor: float, bias: float) -> torch.Tensor:
    """Step 2. The same in place: turn the numbers of `tensor` into tensor * factor + bias.

    tensor: float32, of any shape, requires no gradient. Its memory is written to, so that other holders see the
    change, and the write shows in its `_version`.

    Returns `tensor` itself.
    """
    raise NotImplementedError("step 2: scale_")


def abs_columns_(matrix: torch.Tensor, columns: list[int]) -> torch.Tensor:
    """Step 3. Replace every number in some columns of a matrix by its absolute value, in place.

    matrix: float32 of shape (N, C), requires no gradient. columns: one or more column numbers, from 0 to C - 1, each at
    most once, in any order. `matrix[:, 2]` and `matrix[:, 2:5]` are views, through which one can write into the matrix;
    `matrix[:, [2, 5]]`, on the right of a line, is a copy. The write shows in the `_version` of `matrix`.

    Returns `matrix` itself; its other columns stay as they are.
    """
    raise NotImplementedError("step 3: abs_columns_")


def shift_leaf_(weight: torch.Tensor, amount: float) -> torch.Tensor:
    """Step 4. Add a number to a leaf that requires a gradient, in place.

    weight: float32, of any shape, a leaf that requires a gradient, as a network's weights do. While autograd records,
    it refuses to change such a leaf in place; under `torch.no_grad()` it lets it happen and counts it.

    Returns `weight` itself with `amount` added to each number: still a leaf, still requiring a gradient, with the
    `.grad` that it had. The write shows in its `_version`, and afterwards autograd records as before the call.
    """
    raise NotImplementedError("step 4: shift_leaf_")


def scaled_sigmoid(x: torch.Tensor, scale: float, bias: float) -> torch.Tensor:
    """Step 5. Compute scale * sigmoid(x) + bias so that a gradient can flow back to x.

    x: float32, of any shape; it may require a gradient and may be a leaf or a result. It is not written to.
    The derivative of the sigmoid is made of the sigmoid's own result, so autograd keeps that result for the backward
    pass. An operation may be in place wherever it overwrites nothing that autograd keeps; it need not be anywhere.

    Returns a tensor of the same shape. Backward through it runs, and leaves the right gradient.
    """
    raise NotImplementedError("step 5: scaled_sigmoid")


def breaks_backward(operation: Callable[[torch.Tensor], torch.Tensor], changed: str, x: torch.Tensor) -> bool:
    """Step 6. Find out by trying: does backward still work after a tensor was changed in place?

    operation: takes a tensor, returns a new one of the same shape, and is recorded by autograd.
    changed: "input" or "result". x: float32 of shape (N,), requires no gradient; stays as it is.

    Make an input with the numbers of `x`, through which a gradient reaches a leaf, and call `operation` on it. Then
    change that input, or the result, in place, so that autograd counts it; and run backward from the result.
    Mind step 4: what may not be changed at all tells nothing about backward.

    Returns True where backward raises a RuntimeError, False where it runs. Raises nothing.
    """
    raise NotImplementedError("step 6: breaks_backward")
