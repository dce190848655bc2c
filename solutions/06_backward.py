"""06 Backward"""

from collections.abc import Callable

import torch

Function = Callable[[torch.Tensor], torch.Tensor]


def slope(function: Function, at: float) -> float:
    x = torch.tensor(at, requires_grad=True)  # ()
    function(x).backward()
    # The gradient lands at x, with respect to which the derivative is taken; the result has none.
    return x.grad.item()


def pull_back(function: Function, x: torch.Tensor, upstream: torch.Tensor) -> torch.Tensor:
    # A leaf of our own: `x` belongs to the caller and must not end up with a gradient.
    leaf = x.clone().requires_grad_()  # (N,)
    function(leaf).backward(upstream)
    return leaf.grad  # (N,)


def two_passes(first: Function, second: Function, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = x.clone().requires_grad_()  # (N,)
    first(leaf).backward()
    # subtle: the second pass adds in place, to the very tensor that is in `.grad` now.
    after_first = leaf.grad.clone()
    second(leaf).backward()
    return after_first, leaf.grad


def separate(functions: list[Function], leaf: torch.Tensor) -> list[torch.Tensor]:
    gradients = []
    for function in functions:
        # None, not zero_(): the next pass then makes a new tensor, which nobody else holds.
        leaf.grad = None
        function(leaf).backward()
        gradients.append(leaf.grad)
    return gradients


def jacobian(function: Function, x: torch.Tensor) -> torch.Tensor:
    leaf = x.clone().requires_grad_()  # (N,)
    results = function(leaf)  # (M,)
    rows = []
    for result in results:
        leaf.grad = None
        # The next row needs the same graph.
        result.backward(retain_graph=True)
        rows.append(leaf.grad)
    return torch.stack(rows)  # (M, N)
