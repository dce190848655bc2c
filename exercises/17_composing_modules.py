"""17 Modules made of modules

A module can hold other modules, to any depth, and you use it like any of them: what works for one linear layer works
for a network of a thousand. So write a structure that repeats once, as a class, and stack it. Autograd takes care of
the backward pass of whatever `forward` computes.

    >>> import torch
    >>> from torch import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self, inner: nn.Module) -> None:
    ...         super().__init__()
    ...         self.inner = inner
    ...     def forward(self, x: torch.Tensor) -> torch.Tensor:
    ...         return self.inner(self.inner(x))
    ...
    >>> stack = nn.Sequential(Twice(nn.Sequential(nn.Linear(3, 3), nn.ReLU())), nn.Linear(3, 2))
    >>> [name for name, _ in stack.named_parameters()]
    ['0.inner.0.weight', '0.inner.0.bias', '1.weight', '1.bias']
    >>> stack(torch.ones(5, 3)).shape
    torch.Size([5, 2])

In all steps, tensors are float32, `x` is not changed, gradients flow through `forward` to `x` and to every parameter,
and modules are run by calling them, never through their `forward`. A module that was moved with `.to(device)` works
with an `x` on that device.

Read on: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
"""

import itertools

import torch
import torch.nn.functional as F
from torch import nn


class LinearLayer(nn.Module):
    """Step 1. A linear layer of your own, without `nn.Linear` in it or as a base class; you may use `F.linear`.

    Registers a parameter `weight` of shape (out_features, in_features) and, with bias=True, a parameter `bias` of shape
    (out_features,). With bias=False there is no such parameter, and the attribute `bias` is None.

    Both are drawn as `nn.Linear` draws them: from a uniform distribution between -b and b, where b is
    1 / sqrt(in_features) for the weight and for the bias. They are drawn from torch's global generator, which you do
    not seed, so each layer starts with different numbers.

    `forward(x)` takes x of shape (..., in_features), with any number of dimensions in front, and returns x times the
    transposed weight, plus the bias if there is one: shape (..., out_features).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        raise NotImplementedError("step 1: LinearLayer")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 1: LinearLayer")


class ParallelBlock(nn.Module):
    """Step 2. Two branches side by side, joined by a product.

    Registers two separate `LinearLayer`s from `in_features` to `out_features`, with bias, as `left` and `right`. Each
    starts with numbers of its own.

    `forward(x)` takes x of shape (N, in_features), runs each branch once on x, and returns the ReLU of the elementwise
    product of their results: shape (N, out_features).
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        raise NotImplementedError("step 2: ParallelBlock")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 2: ParallelBlock")


def build_stack(sizes: list[int], num_outputs: int, device: torch.device) -> nn.Sequential:
    """Step 3. Stack blocks, with one linear layer at the end.

    sizes: at least two numbers of features, some of which may be equal; the list stays as it is. [4, 7, 5] asks for a
    block from 4 to 7 and one from 7 to 5.

    Returns one `nn.Sequential` on `device`: a `ParallelBlock` for each pair of neighbours in `sizes`, in order, then a
    `LinearLayer` with bias from the last size to `num_outputs`. Its parameters are called "0.left.weight",
    "0.left.bias", "0.right.weight" and so on. No two of them are the same parameter.
    """
    raise NotImplementedError("step 3: build_stack")


class Residual(nn.Module):
    """Step 4. A shortcut around any module: the structure that residual networks repeat.

    Registers the module that it is given, itself and not a copy, as `inner`, and leaves it in the mode that it is in.

    `forward(x)` runs `inner` once on x and returns x plus the result. `inner` is a module that keeps the shape of its
    input, whatever shape that is.
    """

    def __init__(self, inner: nn.Module) -> None:
        raise NotImplementedError("step 4: Residual")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 4: Residual")
