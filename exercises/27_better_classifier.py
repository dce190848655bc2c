"""27 A better classifier, measured rung by rung

Each rung of a ladder changes one thing about the digit classifier of exercise 26. You can compare the rungs
only if everything else is equal (the data, the initial weights, the order of the batches) and if the test
data have decided nothing. One warning about the parts: binary cross-entropy takes the logarithm of an
output and of one minus it, so outputs must lie between 0 and 1, and not every activation ensures that.

    >>> import torch
    >>> from torch import nn
    >>> nn.LeakyReLU(0.02)(torch.tensor([-1.0, 3.0]))
    tensor([-0.0200,  3.0000])
    >>> nn.BCELoss()(torch.tensor([3.0]), torch.tensor([1.0]))
    Traceback (most recent call last):
        ...
    RuntimeError: all elements of input should be between 0 and 1

In a clone of this project, the solution is also a script: `python solutions/27_better_classifier.py` runs its
ladder on fixtures/digits, and with `--train CSV --test CSV` on the real MNIST.

Read on: https://docs.pytorch.org/docs/stable/notes/randomness.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


@dataclass(frozen=True)
class Settings:
    """What a rung may change; by default, the classifier of exercise 26. Leave this class as it is."""

    hidden: str = "sigmoid"  # or "leaky_relu"
    output: str = "sigmoid"  # or "leaky_relu"
    loss: str = "mse"  # or "bce"
    optimizer: str = "sgd"  # or "adam"
    layer_norm: bool = False


LADDER = {
    "sigmoid, MSE, SGD": Settings(),
    "BCE": Settings(loss="bce"),
    "LeakyReLU(0.02)": Settings(hidden="leaky_relu", output="leaky_relu"),
    "Adam": Settings(optimizer="adam"),
    "LeakyReLU(0.02), LayerNorm": Settings(hidden="leaky_relu", output="leaky_relu", layer_norm=True),
    "all together": Settings(hidden="leaky_relu", loss="bce", optimizer="adam", layer_norm=True),
}


def build_model(settings: Settings) -> nn.Module:
    """Step 1. Build the net 784-200-10 on the CPU.

    In order: a linear layer, the activation `hidden`, with `layer_norm` a `LayerNorm(200)`, a linear layer,
    the activation `output`. "leaky_relu" has the negative slope 0.02. The parameters are in the order in
    which the data meets them, and are initialised as torch does it.

    Returns a new module that takes (B, 784) and returns (B, 10).
    """
    raise NotImplementedError("step 1: build_model")


def build_training(model: nn.Module, settings: Settings, lr: float) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Step 2. Make the loss function and the optimizer for one model.

    "mse" is the mean squared error, "bce" the binary cross-entropy, each of outputs and targets, averaged
    over all elements. "sgd" is plain SGD with `lr`; "adam" is Adam with torch's defaults, which ignores
    `lr`.

    Returns (loss_function, optimizer), the first as a module such as `nn.MSELoss()`, the second over all
    parameters of `model`, frozen ones too. Raises ValueError if "bce" meets an `output` that can leave the
    range 0 to 1.
    """
    raise NotImplementedError("step 2: build_training")


def run_rung(
    settings: Settings,
    train: Dataset,
    test: Dataset,
    device: torch.device,
    seed: int,
    epochs: int,
    batch_size: int,
    lr: float,
) -> float:
    """Step 3. Train one rung from scratch, and return its accuracy on the test data, 0.0 to 1.0.

    train, test: map-style datasets of pairs (pixels, label): (784,) float32 and a 0-d int64 tensor, on the
    CPU. Targets are 1.0 at the label and 0.0 elsewhere.
    seed: alone decides the initial weights and the order of the batches, whatever has been drawn from torch's
      global generator before. You may seed that generator.

    In each epoch, every training sample is used once, in batches of `batch_size` (the last may be smaller),
    in a new order; all of this runs on `device`. Call the model itself, not its `forward`. Each test
    sample goes through the model once, in eval mode and without a graph, when training is over: the test data
    do not choose an epoch and do not stop anything.
    """
    raise NotImplementedError("step 3: run_rung")


def climb(
    ladder: Mapping[str, Settings],
    train: Dataset,
    test: Dataset,
    device: torch.device,
    seed: int,
    epochs: int,
    batch_size: int,
    lr: float,
) -> pd.DataFrame:
    """Step 4. Run every rung of a ladder under equal conditions.

    Every rung begins with the same linear layers, sees the training samples in the same order, and is a
    run of its own, as in step 3.

    Returns a table with the columns "rung" (the names) and "accuracy" (floats), one row for each rung, in order.
    """
    raise NotImplementedError("step 4: climb")
