"""25 The validation loop"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def average(losses: list[float], sizes: list[int]) -> float:
    # The weight of each batch is its number of samples: the last one is often smaller.
    return sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)


def validate(model: nn.Module, loader: DataLoader[Any], loss_function: LossFunction, device: torch.device) -> float:
    was_training = model.training
    # Two switches: eval() for dropout and batch norm, no_grad() for the graph. Neither replaces the other.
    model.eval()
    losses, sizes = [], []
    with torch.no_grad():
        for inputs, targets in loader:
            outputs = model(inputs.to(device))
            losses.append(loss_function(outputs, targets.to(device)).item())
            sizes.append(len(targets))
    model.train(was_training)
    return average(losses, sizes)


def copy_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    # subtle: state_dict() hands out the model's own memory, and training goes on writing into it.
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def fit(
    model: nn.Module,
    train_loader: DataLoader[Any],
    validation_loader: DataLoader[Any],
    loss_function: LossFunction,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
    epochs: int,
    every: int,
) -> list[tuple[int, float]]:
    history: list[tuple[int, float]] = []
    lowest, best = math.inf, None
    for epoch in range(1, epochs + 1):
        model.train()
        for inputs, targets in train_loader:
            optimizer.zero_grad()
            loss_function(model(inputs.to(device)), targets.to(device)).backward()
            optimizer.step()
        if epoch % every == 0:
            history.append((epoch, validate(model, validation_loader, loss_function, device)))
            if history[-1][1] < lowest:
                # A copy: training goes on changing the weights themselves.
                lowest, best = history[-1][1], copy_weights(model)
    if best is not None:
        model.load_state_dict(best)
    return history
