"""22 Digits as a dataset"""

import pandas as pd
import torch
from matplotlib.axes import Axes
from torch.utils.data import Dataset


def read_digits(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    # subtle: without header=None the first picture becomes the names of the columns.
    lines = torch.tensor(pd.read_csv(path, header=None).to_numpy())  # (N, 785)
    return lines[:, 0].long(), lines[:, 1:].to(torch.uint8)


def scale(pixels: torch.Tensor) -> torch.Tensor:
    # Division turns integers into floats; 255 is the largest that a byte holds.
    return pixels / 255


def one_hot(label: int, classes: int) -> torch.Tensor:
    # subtle: a negative label would be a valid index, and count from the end.
    if not 0 <= label < classes:
        raise ValueError(f"{label} is none of {classes} classes")
    target = torch.zeros(classes)
    target[label] = 1.0
    return target


class DigitDataset(Dataset[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]):
    def __init__(self, path: str) -> None:
        self.labels, self.pixels = read_digits(path)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        # A tensor raises IndexError by itself, and takes negative indices as a list does.
        label = self.labels[index]  # ()
        return label, scale(self.pixels[index]), one_hot(int(label), classes=10)


def draw(axes: Axes, pixels: torch.Tensor, label: int, cmap: str) -> None:
    # Fixed limits: otherwise each picture is stretched between its own darkest and brightest pixel.
    axes.imshow(pixels.reshape(28, 28).numpy(), cmap=cmap, interpolation="none", vmin=0, vmax=1)
    axes.set_title(f"label = {label}")
