"""24 The training loop

The loss and the optimizer never meet: `backward` writes into the `.grad` of each parameter, and `step` reads it
there. So it is the order of its lines that makes a loop train: move to the device, clear, forward, loss,
backward, step, and keep the loss as a number.

    >>> import torch
    >>> weight = torch.nn.Parameter(torch.tensor(1.0))
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> (3 * weight).backward()
    >>> optimizer.step()
    >>> weight.item(), weight.grad.item()
    (-0.5, 3.0)
    >>> optimizer.step()
    >>> weight.item()
    -2.0

Read on: https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html
"""

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
    """Step 1. Train on one batch.

    model: is on `device` already. Call the model itself, once, not its `forward`: hooks run only then.
    inputs, targets: one batch, of whatever shapes the model and the loss take, both possibly on a different device
      from the model. Move both to `device`; the caller's own tensors stay as they are.
    loss_function: takes (outputs, targets), returns a 0-d tensor.
    optimizer: any kind; holds the model's parameters, perhaps in several groups. Whatever is in their `.grad` when
      you are called, be it None, NaN or infinity, is stale and must not count; old posts clear the gradients at the
      end, which relies on whatever ran before.

    Changes the parameters by one step of the optimizer. Returns this batch's loss, the one that was
    computed before the step, as a Python float.
    """
    raise NotImplementedError("step 1: train_step")


def train_epoch(
    model: nn.Module,
    loader: Batches,
    loss_function: LossFunction,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> list[float]:
    """Step 2. Train on every batch of `loader`, once and in its order.

    loader: yields batches (inputs, targets), and may have no length; the last batch may be smaller. Take each batch
      when its turn comes, not all of them beforehand. The other arguments are as in step 1.
    The model may arrive in eval mode, because somebody has validated it in between. The model, with everything in
    it, must be in train mode while it trains, and it stays in train mode.

    Returns the loss of each batch in order, as Python floats. Keep nothing else of a batch: its inputs, its
    outputs and the graph of its loss must be released before the next batch but one.
    """
    raise NotImplementedError("step 2: train_epoch")


def train(
    model: nn.Module,
    loader: Batches,
    loss_function: LossFunction,
    make_optimizer: MakeOptimizer,
    device: torch.device,
    epochs: int,
) -> list[float]:
    """Step 3. The whole blueprint: put the model in place, make the optimizer, run the epochs.

    model: may be on another device. Move it to `device` for good; do not copy it.
    loader: iterate over it anew in each epoch; it may shuffle each time.
    make_optimizer: call it once for the whole run, with the model's parameters, when the model is in its
      place. For most devices `to` keeps the Parameter objects today, and an optimizer made too early
      happens to work; where it replaces them, the optimizer would hold the old ones.
    epochs: 0 or more; run all of them, however the loss moves. With 0, the model is moved and nothing is trained.

    Everything that steps 1 and 2 ask for holds here too. Seed nothing. Returns the loss of each batch of all epochs,
    in order: a flat list of Python floats.
    """
    raise NotImplementedError("step 3: train")


def fit_digits(
    model: nn.Module,
    csv_path: str,
    device: torch.device,
    epochs: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator,
) -> list[float]:
    """Step 4. Train a classifier on real digits.

    model: takes (B, 784) float32, returns (B, 10) logits.
    csv_path: a file in MNIST's CSV format: no header; each line a label 0 to 9, then 784 pixels 0 to 255.
      Pixels become float32: 0 becomes 0 and 255 becomes 1, whichever pixels the file has. Labels become int64.
      Each line counts, even one that is in the file twice.
    Batches come from a `DataLoader` over a `TensorDataset`, with this `batch_size`, `shuffle=True` and this
    `generator`, including the last, smaller batch; torch's global random state stays as it is. Use cross-entropy
    loss and plain SGD with this `lr`.

    Trains `model` on `device` with your `train`, and returns its history. Try it on fixtures/digits/train.csv.
    """
    raise NotImplementedError("step 4: fit_digits")
