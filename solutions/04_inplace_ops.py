"""04 In place, or not"""

from collections.abc import Callable

import torch


def scaled(tensor: torch.Tensor, factor: float, bias: float) -> torch.Tensor:
    # Names without an underscore make new tensors, so the caller keeps what it had.
    return tensor * factor + bias


def scale_(tensor: torch.Tensor, factor: float, bias: float) -> torch.Tensor:
    # In-place methods return their tensor, so they can be chained, and the end of the chain is the tensor.
    return tensor.mul_(factor).add_(bias)


def abs_columns_(matrix: torch.Tensor, columns: list[int]) -> torch.Tensor:
    # subtle: on the left of an assignment, a list of columns is written to; on the right, it is a copy.
    matrix[:, columns] = matrix[:, columns].abs()  # (N, len(columns))
    return matrix


def shift_leaf_(weight: torch.Tensor, amount: float) -> torch.Tensor:
    # Not recorded, but counted: `.data` would hide the change from a later backward pass.
    with torch.no_grad():
        return weight.add_(amount)


def scaled_sigmoid(x: torch.Tensor, scale: float, bias: float) -> torch.Tensor:
    # The product is a new tensor, because the sigmoid's result is kept; a sum keeps nothing, so it may overwrite.
    return (torch.sigmoid(x) * scale).add_(bias)


def breaks_backward(operation: Callable[[torch.Tensor], torch.Tensor], changed: str, x: torch.Tensor) -> bool:
    # subtle: a result, not a leaf: autograd would refuse the change itself.
    source = x.clone().requires_grad_().clone()  # (N,)
    result = operation(source)  # (N,)
    # The leaf's own graph keeps nothing that this overwrites.
    (source if changed == "input" else result).add_(1)
    try:
        result.sum().backward()
    except RuntimeError:
        return True
    return False
