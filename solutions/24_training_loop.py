"""24 The training loop"""

from collections.abc import Callable, Iterable

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def train_step(
    model: nn.Module,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    loss_function: LossFunction,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> float:
    inputs, targets = inputs.to(device), targets.to(device)
    # First, not last: then it does not matter what ran before.
    optimizer.zero_grad()
    outputs = model(inputs)
    loss = loss_function(outputs, targets)
    loss.backward()
    optimizer.step()
    # subtle: the tensor would drag its graph along for as long as anybody keeps it.
    return loss.item()


def train_epoch(
    model: nn.Module,
    loader: Batches,
    loss_function: LossFunction,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> list[float]:
    # In each epoch, because a validation in between leaves the model in eval mode.
    model.train()
    return [train_step(model, inputs, targets, loss_function, optimizer, device) for inputs, targets in loader]


def train(
    model: nn.Module,
    loader: Batches,
    loss_function: LossFunction,
    make_optimizer: MakeOptimizer,
    device: torch.device,
    epochs: int,
) -> list[float]:
    # A module moves in place, unlike a tensor.
    model.to(device)
    # subtle: only now, because moving may put other Parameter objects into the model.
    optimizer = make_optimizer(model.parameters())
    history = []
    for _ in range(epochs):
        history += train_epoch(model, loader, loss_function, optimizer, device)
    return history


def fit_digits(
    model: nn.Module,
    csv_path: str,
    device: torch.device,
    epochs: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    rows = torch.from_numpy(pd.read_csv(csv_path, header=None).to_numpy())  # (N, 785)
    # The labels stay whole numbers; only pixels are scaled and become floats.
    labels, pixels = rows[:, 0], rows[:, 1:].to(torch.float32) / 255  # (N,), (N, 784)
    loader = DataLoader(TensorDataset(pixels, labels), batch_size=batch_size, shuffle=True, generator=generator)
    return train(model, loader, nn.CrossEntropyLoss(), lambda params: torch.optim.SGD(params, lr=lr), device, epochs)
