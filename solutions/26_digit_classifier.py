"""26 A digit classifier that keeps its own record"""

from collections.abc import Iterable

import pandas as pd
import torch
from matplotlib.axes import Axes
from torch import nn

Samples = Iterable[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


class DigitClassifier(nn.Module):
    def __init__(self, device: torch.device, lr: float = 0.01) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(784, 200, device=device),
            nn.Sigmoid(),
            nn.Linear(200, 10, device=device),
            nn.Sigmoid(),
        )
        self.loss_function = nn.MSELoss()
        # The layers are on the device by now, so the optimizer holds the parameters that will stay.
        self.optimizer = torch.optim.SGD(self.parameters(), lr=lr)
        self.counter = 0
        self.progress: list[float] = []

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(inputs)  # (B, 784) -> (B, 10)

    # subtle: not `train`, which is the switch behind `eval()`.
    def learn(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        device = next(self.parameters()).device
        self.optimizer.zero_grad()
        loss = self.loss_function(self(inputs.to(device)), targets.to(device))
        loss.backward()
        self.optimizer.step()
        self.counter += 1
        if self.counter % 10 == 0:
            self.progress.append(loss.item())


def fit(classifier: DigitClassifier, samples: Samples, epochs: int) -> None:
    for _ in range(epochs):
        # In every epoch, because an evaluation in between leaves it in eval mode.
        classifier.train()
        for _, pixels, targets in samples:
            classifier.learn(pixels, targets)


def accuracy(model: nn.Module, samples: Samples, device: torch.device) -> float:
    was_training = model.training
    model.eval()
    right = total = 0
    with torch.no_grad():
        for labels, pixels, _ in samples:
            guesses = model(pixels.to(device)).argmax(dim=1)  # (B, 10) -> (B,)
            # Counted, not averaged: the last batch may be smaller.
            right += int((guesses == labels.to(device)).sum())
            total += len(labels)
    model.train(was_training)
    return right / total


def plot_progress(progress: list[float], every: int, axes: Axes) -> Axes:
    steps = range(every, every * len(progress) + 1, every)
    frame = pd.DataFrame({"loss": progress}, index=steps)
    # subtle: without `ax` pandas opens a figure of its own.
    return frame.plot(ax=axes, ylim=(0, 1), marker=".", grid=True)
