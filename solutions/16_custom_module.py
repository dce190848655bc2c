"""16 A module of your own"""

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, num_inputs: int, num_classes: int, dropout_prob: float = 0.3) -> None:
        # Before anything is assigned: this makes the dicts in which parts are registered.
        super().__init__()
        self.pipe = nn.Sequential(
            nn.Linear(num_inputs, 5),
            nn.ReLU(),
            nn.Linear(5, 20),
            nn.ReLU(),
            nn.Linear(20, num_classes),
            nn.Dropout(dropout_prob),
            nn.Softmax(dim=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pipe(x)  # (N, num_inputs) -> (N, num_classes)


class DeepStack(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        # subtle: a plain list would hold the layers just as well, and hide them from parameters().
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))  # (N, width)
        return x


class LearnedScale(nn.Module):
    def __init__(self, num_features: int) -> None:
        super().__init__()
        # A tensor that requires a gradient is not registered; the class Parameter is what `self.` looks for.
        self.scale = nn.Parameter(torch.ones(num_features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale


class Standardise(nn.Module):
    def __init__(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        super().__init__()
        # A buffer moves and is saved with the module, and no optimizer touches it.
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - self.mean) / self.std


def parameter_summary(model: nn.Module) -> tuple[list[tuple[str, tuple[int, ...], int]], int, int]:
    # named_parameters() walks down to every registered part and names a shared parameter once.
    rows = [(name, tuple(each.shape), each.numel()) for name, each in model.named_parameters()]
    total = sum(count for _, _, count in rows)
    trainable = sum(each.numel() for each in model.parameters() if each.requires_grad)
    return rows, total, trainable
