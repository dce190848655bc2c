"""09 The same net with autograd"""

import torch


def make_weights(
    input_size: int, hidden_size: int, output_size: int, device: torch.device, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    w1 = torch.randn(input_size, hidden_size, generator=generator) * 0.1  # (D_in, H)
    w2 = torch.randn(hidden_size, output_size, generator=generator) * 0.1  # (H, D_out)
    # subtle: requested last, because scaling or moving a leaf would return a result.
    return w1.to(device).requires_grad_(), w2.to(device).requires_grad_()


def compute_loss(x: torch.Tensor, y: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor) -> torch.Tensor:
    # The values in between need no names: the graph keeps what backward will need.
    return ((x @ w1).clamp(min=0) @ w2 - y).square().sum()


def sgd_update(w1: torch.Tensor, w2: torch.Tensor, lr: float) -> None:
    # The update is not part of the function that is differentiated.
    with torch.no_grad():
        w1 -= lr * w1.grad
        w2 -= lr * w2.grad
    w1.grad = w2.grad = None


def train(x: torch.Tensor, y: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor, lr: float, steps: int) -> list[float]:
    losses = []
    # subtle: cleared once before the loop too, because nobody knows what the caller left there.
    w1.grad = w2.grad = None
    for _ in range(steps):
        loss = compute_loss(x, y, w1, w2)
        loss.backward()
        sgd_update(w1, w2, lr)
        losses.append(loss.item())
    return losses
