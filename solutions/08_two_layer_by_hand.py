"""08 A two-layer net by hand"""

import torch


def make_tensors(
    batch_size: int,
    input_size: int,
    hidden_size: int,
    output_size: int,
    device: torch.device,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    # A generator draws only on its own device, so the numbers are the same wherever the net runs.
    x = torch.randn(batch_size, input_size, generator=generator).to(device)  # (N, D_in)
    y = torch.randn(batch_size, output_size, generator=generator).to(device)  # (N, D_out)
    w1 = torch.randn(input_size, hidden_size, generator=generator).to(device)  # (D_in, H)
    w2 = torch.randn(hidden_size, output_size, generator=generator).to(device)  # (H, D_out)
    return x, y, w1, w2


def forward(x: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    h = x @ w1  # (N, H)
    # subtle: not in place, because the backward pass must know where h was negative.
    h_relu = h.clamp(min=0)
    return h, h_relu, h_relu @ w2


def loss_and_gradient(y_pred: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    error = y_pred - y  # (N, D_out)
    # The derivative of a sum of squares, for each element of `y_pred`.
    return error.square().sum(), 2 * error


def backward(
    x: torch.Tensor, h: torch.Tensor, h_relu: torch.Tensor, w2: torch.Tensor, grad_y_pred: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    grad_w2 = h_relu.T @ grad_y_pred  # (H, D_out)
    grad_h_relu = grad_y_pred @ w2.T  # (N, H)
    # The mask comes from the forward pass: the sign of the gradient itself does not matter.
    grad_h = grad_h_relu * (h > 0)  # (N, H)
    return x.T @ grad_h, grad_w2


def sgd_step(x: torch.Tensor, y: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor, lr: float) -> torch.Tensor:
    h, h_relu, y_pred = forward(x, w1, w2)
    loss, grad_y_pred = loss_and_gradient(y_pred, y)
    # subtle: both gradients before the first update, because that of w1 is computed from w2.
    grad_w1, grad_w2 = backward(x, h, h_relu, w2, grad_y_pred)
    w1 -= lr * grad_w1
    w2 -= lr * grad_w2
    return loss
