"""28 Transfer learning

A net that was trained on one task has layers that see something in images of another task: keep them as
they are, and train only a new head. Keeping them takes two switches. A parameter that requires no gradient
stays; but batch norm also has running averages, which no gradient changes, and which follow every batch
that passes in train mode:

    >>> import torch
    >>> from torch import nn
    >>> norm = nn.BatchNorm1d(2).requires_grad_(False)
    >>> _ = norm(torch.tensor([[10.0, 20.0], [10.0, 20.0]]))
    >>> norm.running_mean
    tensor([1., 2.])
    >>> _ = norm.eval()(torch.tensor([[70.0, 80.0], [90.0, 90.0]]))
    >>> norm.running_mean
    tensor([1., 2.])

The weights in fixtures/weights know the digits 0 to 4; three steps make them tell 5 to 9 apart. If
`import torchvision` fails with a CPU build of torch, import `grader.torchvision_cpu` first.

Read on: https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html
"""

from collections.abc import Callable, Iterable

import torch
import torchvision
from torch import nn

Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def load_pretrained(path: str, device: torch.device) -> nn.Module:
    """Step 1. Load a checkpoint into torchvision's `shufflenet_v2_x0_5`.

    path: a file that `torch.save` wrote, perhaps on a machine with a GPU, although this one may have none.
      It holds a dict whose "num_classes" is the number of classes, and whose "state_dict" holds the weights
      in half precision. They were saved from a `DataParallel`, so every key begins with "module.", which
      the model's own keys do not.

    Returns the model with that many classes, its weights as float32 on `device`. Raises RuntimeError, as
    `load_state_dict` does, if the file lacks a weight, has one too many, or has one of another shape. Unpickle
    only tensors and plain containers: anything else in the file is refused, not run.
    """
    raise NotImplementedError("step 1: load_pretrained")


def adapt(model: nn.Module, num_classes: int) -> None:
    """Step 2. Freeze a model and give it a new head, in place.

    model: any module whose last layer is a linear layer named `fc`; it need not be the one from step 1.

    Afterwards `model.fc` is a new `nn.Linear`, with as many inputs as the old one, `num_classes` outputs and
    torch's usual initial weights, on the same device, even if the old one had as many outputs. Its parameters
    require a gradient; all other parameters of the model require none, even those that are not in any layer.
    Nothing else about the model changes.
    """
    raise NotImplementedError("step 2: adapt")


def train_head(
    model: nn.Module,
    loader: Batches,
    loss_function: LossFunction,
    make_optimizer: MakeOptimizer,
    device: torch.device,
    epochs: int,
) -> list[float]:
    """Step 3. Train the head of a model that step 2 has adapted, and nothing else.

    As in exercise 24: the model is moved to `device`; then `make_optimizer` is called, once; each epoch
    iterates over `loader` anew; its batches are moved to `device`; the model itself is called, not its
    `forward`; gradients from before do not count; the result is the loss of each batch of all epochs, as a
    flat list of Python floats.

    Unlike there, the optimizer gets only the two parameters of the head. During training, `model.fc` is in train
    mode and every other module inside the model is in eval mode, whatever mode the model arrives in (the mode of
    the model itself does not matter): all parameters and buffers outside the head keep their values.
    """
    raise NotImplementedError("step 3: train_head")
