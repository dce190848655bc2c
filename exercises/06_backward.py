"""06 Backward

Let z be a number that was computed from x. `z.backward()` walks back through the recorded operations and *adds* the
derivative of z to `x.grad`. Four facts follow from how it does that. It starts from a single number: a vector needs an
*upstream* gradient, one weight for each of its elements. It adds to what is in `.grad`, so a second call gives a sum,
until somebody clears it. It adds in place, so whoever holds the tensor in `.grad` sees it change. And as it goes, it
frees what the graph has kept, so a graph can be walked only once, unless you ask for `retain_graph=True`.

    >>> import torch
    >>> x = torch.tensor(4.0, requires_grad=True)
    >>> z = 3 * x**2 + 1
    >>> z.backward()
    >>> x.grad
    tensor(24.)
    >>> (x**2 + 1).backward()
    >>> x.grad
    tensor(32.)
    >>> v = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> (v**2).backward(torch.tensor([1.0, 10.0]))
    >>> v.grad
    tensor([ 2., 40.])

Read on: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html
"""

from collections.abc import Callable

import torch

Function = Callable[[torch.Tensor], torch.Tensor]


def slope(function: Function, at: float) -> float:
    """Step 1. Compute the derivative of a function at one point, by autograd.

    function: takes a float32 tensor of shape () and returns one, by operations that autograd records.
    For x**2 + 1 and at = 4.0, the slope is 8; for `torch.relu` and at = 0.0, it is the value that autograd uses, 0.

    Returns a Python float.
    """
    raise NotImplementedError("step 1: slope")


def pull_back(function: Function, x: torch.Tensor, upstream: torch.Tensor) -> torch.Tensor:
    """Step 2. Send an upstream gradient back through a function of a vector.

    function: takes a float32 tensor of shape (N,), returns one of shape (M,). x: float32 of shape (N,), requires no
    gradient and stays as it is: make a leaf of your own. upstream: float32 of shape (M,), any numbers; stays as it is.

    Returns the gradient of (function(x) * upstream).sum() with respect to x: float32 of shape (N,).
    """
    raise NotImplementedError("step 2: pull_back")


def two_passes(first: Function, second: Function, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 3. Run backward twice without clearing, and note the gradient each time.

    first, second: each takes a float32 tensor of shape (N,) and returns one of shape (). x: float32 of shape (N,),
    requires no gradient and stays as it is.

    Make one leaf from `x`. Run backward from first(leaf), and note what is in the leaf's `.grad`; then run backward
    from second(leaf), and note it again.

    Returns both notes, float32 of shape (N,): the gradient of `first`, and the sum of both gradients.
    """
    raise NotImplementedError("step 3: two_passes")


def separate(functions: list[Function], leaf: torch.Tensor) -> list[torch.Tensor]:
    """Step 4. Compute the gradient of each function by itself, all at the same leaf.

    functions: one or more; each takes a float32 tensor of shape (N,) and returns one of shape ().
    leaf: float32 of shape (N,), a leaf that requires a gradient. Its `.grad` may be None, or hold whatever somebody has
    left there, NaN and infinity too. Its numbers stay as they are; what is in `.grad` afterwards does not matter.

    Returns a list with one gradient for each function, in order: float32 of shape (N,), with nothing else added to it.
    """
    raise NotImplementedError("step 4: separate")


def jacobian(function: Function, x: torch.Tensor) -> torch.Tensor:
    """Step 5. Compute all derivatives of a function of a vector, from one graph.

    function: takes a float32 tensor of shape (N,), returns one of shape (M,). Call it once, because it may be slow. One
    way is to run a backward pass for each of its M results, all through the same graph.
    x: float32 of shape (N,), requires no gradient and stays as it is.

    Returns a float32 tensor of shape (M, N): row m holds the gradient of result m with respect to x.
    """
    raise NotImplementedError("step 5: jacobian")
