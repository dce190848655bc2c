"""04 In place, or not

Most operations have two forms. The *functional* one, `x.abs()`, leaves x alone and returns a new tensor. The *in-place*
one, `x.abs_()`, writes into the memory of x and returns x itself; the underscore says so. It saves memory and a copy,
and everyone who holds x, or a view of it, sees the change.

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

`_version` counts the writes. When autograd saves a tensor for the backward pass, it notes this count. If the count has
changed when backward needs the tensor, backward raises an error: it would compute the gradient from the wrong numbers.
A write through `.data` or through numpy is not counted, and the gradient is then silently wrong.

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
    """Step 2. Do the same in place: turn the numbers of `tensor` into tensor * factor + bias.

    tensor: float32, of any shape, requires no gradient. Write to its memory, so that others who hold it see the change
    and the write shows in its `_version`.

    Returns `tensor` itself.
    """
    raise NotImplementedError("step 2: scale_")


def abs_columns_(matrix: torch.Tensor, columns: list[int]) -> torch.Tensor:
    """Step 3. Replace every number in some columns of a matrix with its absolute value, in place.

    matrix: float32 of shape (N, C), requires no gradient. columns: one or more column numbers, from 0 to C - 1, each at
    most once, in any order. `matrix[:, 2]` and `matrix[:, 2:5]` are views, and a write into them reaches the matrix;
    `matrix[:, [2, 5]]`, where you read it, is a copy. The write shows in the `_version` of `matrix`.

    Returns `matrix` itself; its other columns stay as they are.
    """
    raise NotImplementedError("step 3: abs_columns_")


def shift_leaf_(weight: torch.Tensor, amount: float) -> torch.Tensor:
    """Step 4. Add a number to a leaf that requires a gradient, in place.

    weight: float32, of any shape, a leaf that requires a gradient, as a network's weights do. While autograd is
    recording, it refuses an in-place change of such a leaf; under `torch.no_grad()` it allows the change and counts it.

    Returns `weight` itself with `amount` added to each number: still a leaf, still requiring a gradient, with the
    `.grad` that it had. The write shows in its `_version`, and afterwards autograd records as it did before the call.
    """
    raise NotImplementedError("step 4: shift_leaf_")


def scaled_sigmoid(x: torch.Tensor, scale: float, bias: float) -> torch.Tensor:
    """Step 5. Compute scale * sigmoid(x) + bias so that a gradient can flow back to x.

    x: float32, of any shape; it may require a gradient and may be a leaf or a result. Do not write to it.
    The derivative of the sigmoid is computed from the sigmoid's own result, so autograd keeps that result for the
    backward pass. You may use an in-place operation wherever it overwrites nothing that autograd keeps, but you do not
    have to use any.

    Returns a tensor of the same shape. A backward pass through it runs, and leaves the right gradient.
    """
    raise NotImplementedError("step 5: scaled_sigmoid")


def breaks_backward(operation: Callable[[torch.Tensor], torch.Tensor], changed: str, x: torch.Tensor) -> bool:
    """Step 6. Find out by trying: does backward still work after a tensor has been changed in place?

    operation: takes a tensor, returns a new one of the same shape, and is recorded by autograd.
    changed: "input" or "result". x: float32 of shape (N,), requires no gradient; stays as it is.

    Make an input that holds the numbers of `x` and lets gradients flow back to a leaf, and call `operation` on it.
    Then change that input, or the result, in place, so that autograd counts the change, and run backward from the
    result. Remember step 4: if the change itself is refused, you have learned nothing about backward.

    Returns True where backward raises a RuntimeError, False where it runs. Raises nothing.
    """
    raise NotImplementedError("step 6: breaks_backward")
