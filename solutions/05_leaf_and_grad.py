"""05 Leaves, and where gradients land"""

import torch


def predict_row(requires_grad: bool, is_result: bool) -> tuple[bool, bool, bool]:
    # Autograd records an operation only if a gradient is required: without one, even a result has
    # nothing behind it, and counts as a leaf.
    recorded = requires_grad and is_result
    return recorded, not recorded, requires_grad and not recorded


def will_keep_grad(tensor: torch.Tensor) -> bool:
    # By default, only leaves keep the gradient that reaches them; a result does so on request.
    return tensor.requires_grad and (tensor.is_leaf or tensor.retains_grad)


def build_four(
    values: list[float], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    # subtle: made on the device, because `torch.tensor(..., requires_grad=True).to(device)` is a result there.
    variable = torch.tensor(values, device=device, requires_grad=True)  # (N,)
    result = variable * 2  # (N,)
    constant = torch.tensor(values, device=device)  # (N,)
    return variable, result, constant, result.detach()


def middle_and_leaf(x: torch.Tensor, upstream: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    leaf = x.clone().requires_grad_()  # (N,)
    middle = leaf**2  # (N,)
    # Backward frees everything that nobody asked it to keep: the request must come before it.
    middle.retain_grad()
    (middle * upstream).sum().backward()
    return middle, leaf


def result_requires_grad(inputs_require_grad: list[bool], grad_enabled: bool) -> bool:
    # One input is enough: its gradient can come only through the result.
    return grad_enabled and any(inputs_require_grad)


def switch_on(tensor: torch.Tensor) -> torch.Tensor:
    # The method returns the tensor; `tensor.requires_grad = True` does the same.
    return tensor.requires_grad_()
