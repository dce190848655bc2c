"""25 The validation loop

You judge a model by data that it was not trained on. Such a pass looks like training with most of it taken
away: no dropout, no graph, no step, and afterwards the model is as it was. Its result decides which of the
weights that training has produced are kept.

    >>> import torch
    >>> batches = [torch.tensor([1.0, 1.0, 1.0, 1.0]), torch.tensor([6.0])]
    >>> [batch.mean().item() for batch in batches], torch.cat(batches).mean().item()
    ([1.0, 6.0], 2.0)
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> kept = model.state_dict()
    >>> with torch.no_grad():
    ...     _ = model.weight.fill_(7.0)
    >>> kept["weight"]
    tensor([[7.]])

Read on: https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def average(losses: list[float], sizes: list[int]) -> float:
    """Step 1. Average a loss over samples.

    losses: one or more; losses[i] is the mean loss of the samples in batch i.
    sizes: how many samples are in each of these batches, 1 or more. Both lists stay as they are.

    Returns the mean loss of all samples in all batches, a float.
    """
    raise NotImplementedError("step 1: average")


def validate(model: nn.Module, loader: DataLoader[Any], loss_function: LossFunction, device: torch.device) -> float:
    """Step 2. Measure the loss of a model on the samples of a loader.

    model: on `device`; call the model itself, once for each batch, not its `forward`. All of it arrives in
      train mode, or all of it in eval mode. It runs in eval mode here, and goes back to the mode that it
      arrived in.
    loader: yields pairs (inputs, targets), on whatever device; move both to `device`. The last batch may be
      smaller, and its sampler may leave out samples of the dataset, which then do not count.
    loss_function: takes (outputs, targets), returns the mean loss of a batch, a 0-d tensor.

    Record no graph, not even one that is thrown away; afterwards autograd is switched on as before.
    Parameters (`requires_grad` included), their `.grad` and buffers stay as they are. Seed nothing.

    Returns the mean loss over all samples, a Python float.
    """
    raise NotImplementedError("step 2: validate")


def copy_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Step 3. Keep the weights that a model has now.

    Returns a dict with the names that `model.state_dict()` has, parameters and buffers. Each tensor has the
    values, dtype and device of the model's, requires no gradient, and stays as it is when the model is
    trained further. The model is not changed, nor is its mode.
    """
    raise NotImplementedError("step 3: copy_weights")


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
    """Step 4. Train, validate every few epochs, and end with the best weights.

    model, loss_function, device: as in step 2. Whatever mode the model arrives in, it trains in train mode.
    train_loader, validation_loader: like the loader of step 2. In each epoch, go through `train_loader` itself once:
      it may shuffle each time. Seed nothing.
    optimizer: holds the model's parameters. What is in their `.grad` before a batch, be it None, NaN or infinity, does
      not count. Training goes on from the weights that the model has reached, even after a validation that was worse
      than an earlier one.
    epochs: 0 or more. Epochs are counted from 1.
    every: 1 or more. Validate on `validation_loader` after epoch `every`, 2 * `every`, and so on, and at no
      other time. A loop that asks `epoch % every == 0` while it counts from 0 validates after one epoch.

    At the end the same model object, with the same Parameter objects, holds the weights, buffers included, that it
    had at the validation with the lowest loss, the first of them if several are equal; without any validation, it
    holds those of the last epoch.

    Returns one pair (epoch, validation loss) for each validation, in order: an int and a float.
    """
    raise NotImplementedError("step 4: fit")
