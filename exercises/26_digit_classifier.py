"""26 A digit classifier that keeps its own record

A model can hold its loss function, its optimizer and a record of its progress, and learn from one batch with
one call. One name is taken, though: `nn.Module.train` switches the mode, and `eval()` only calls `train(False)`.
Older notes use the name `train` for the method that learns, and this is what they get:

    >>> import torch
    >>> from torch import nn
    >>> class Broken(nn.Module):
    ...     def train(self, inputs, targets):
    ...         return "one step"
    >>> Broken().eval()
    Traceback (most recent call last):
        ...
    TypeError: Broken.train() missing 1 required positional argument: 'targets'

Here the method is called `learn`. The data are as in exercise 22: (label, pixels, target), with the label as
int64, 784 float32 pixels from 0 to 1, and a target of 10 float32 numbers, 1 at the label and 0 elsewhere; in
batches (B,), (B, 784), (B, 10). There are real ones in fixtures/digits.

Read on: https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.eval
"""

from collections.abc import Iterable

import pandas as pd
import torch
from matplotlib.axes import Axes
from torch import nn

Samples = Iterable[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]


class DigitClassifier(nn.Module):
    """Step 1. The net 784-200-10, with a sigmoid after each of its two linear layers.

    After `DigitClassifier(device, lr)`:
      its parameters are on `device`, in the order in which the data meets them, and are initialised as
        `nn.Linear` does it;
      `loss_function` is a mean squared error, which takes scores, then targets, as torch's losses do;
      `optimizer` is a plain SGD over the parameters with `lr`;
      `counter` is 0, and `progress` is an empty list.

    `train()` and `eval()` work as in every module.
    """

    def __init__(self, device: torch.device, lr: float = 0.01) -> None:
        raise NotImplementedError("step 1: DigitClassifier")

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a score for each digit, (B, 10) for inputs (B, 784)."""
        raise NotImplementedError("step 1: DigitClassifier")

    def learn(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take one training step on inputs (B, 784) and targets (B, 10), both possibly on another device.

        Call the classifier itself, not its `forward`, and use what is in `loss_function` and `optimizer`: a
        caller may have replaced them. Gradients from before do not count. `counter` goes up by one; if it is
        then a multiple of 10, append this batch's loss to `progress` as a Python float.
        """
        raise NotImplementedError("step 1: DigitClassifier")


def fit(classifier: DigitClassifier, samples: Samples, epochs: int) -> None:
    """Step 2. Let `classifier` itself, not a copy and not another one, learn from all samples.

    samples: yields (label, pixels, target), in batches; it can be iterated anew in each epoch.
    In each epoch, learn from each batch once, in order, in train mode, whatever mode the classifier arrives in.
    Afterwards it may be in either mode.
    The classifier may have learnt before: `counter` and `progress` go on from what is there.
    """
    raise NotImplementedError("step 2: fit")


def accuracy(model: nn.Module, samples: Samples, device: torch.device) -> float:
    """Step 3. Return the share of samples, 0.0 to 1.0, whose label is the digit with the greatest score.

    model: is on `device`; takes pixels (B, 784), returns scores (B, 10), in any range.
    samples: yields batches (labels, pixels, targets) on any device, of any sizes, and may be a generator, which
      yields them only once. Each sample counts the same.

    The model runs in eval mode and without recording a graph; afterwards it is in the mode that it was in before,
    and recording is on or off as before.
    """
    raise NotImplementedError("step 3: accuracy")


def plot_progress(progress: list[float], every: int, axes: Axes) -> Axes:
    """Step 4. Draw a record of losses on the given axes; pandas' `DataFrame.plot` does most of it.

    progress: not empty; its first loss was recorded at step `every`, its second at 2 * `every`, and so on.
    Draws one line with these steps for x and the losses for y, with the marker ".", named "loss" in a
    legend, on a y axis from 0 to 1, with a grid. Makes no other figure and shows none: the caller does that.

    Returns `axes`.
    """
    raise NotImplementedError("step 4: plot_progress")
