"""16 A module of your own

A layer or a whole network is a class derived from `nn.Module`. It *registers* its parts in `__init__` by assigning
them to `self`, after `super().__init__()` has made a place for them, and says in `forward` what it does with its
input. What is registered is found by everything that walks the module: `parameters()` and so the optimizer,
`zero_grad()`, `to(device)`, `train()`, `state_dict()`. A module is run by calling it, `module(x)`: the call runs the
hooks and then `forward`, while `module.forward(x)` skips the hooks.

    >>> import torch
    >>> from torch import nn
    >>> class Half(nn.Module):
    ...     def __init__(self) -> None:
    ...         super().__init__()
    ...         self.inner = nn.Linear(3, 2)
    ...     def forward(self, x: torch.Tensor) -> torch.Tensor:
    ...         return self.inner(x) / 2
    ...
    >>> half = Half()
    >>> half(torch.ones(4, 3)).shape
    torch.Size([4, 2])
    >>> half
    Half(
      (inner): Linear(in_features=3, out_features=2, bias=True)
    )
    >>> [name for name, _ in half.named_parameters()]
    ['inner.weight', 'inner.bias']

In all the classes below, `x` is float32 and stays unchanged, gradients flow through `forward` to `x`, and modules are
run by calling them. No class draws random numbers other than the initial weights of its layers, and none sets a seed:
each layer starts with numbers of its own. The caller moves a module with `.to(device)` and then passes an `x` on that
device: whatever `forward` needs must move along with the module.

Read on: https://docs.pytorch.org/docs/stable/notes/modules.html
"""

import torch
from torch import nn


class Classifier(nn.Module):
    """Step 1. The pipeline of the previous exercise, as a class of its own.

    Registers one `nn.Sequential` as `self.pipe`. It holds these seven layers, in this order: linear from
    `num_inputs` to 5, ReLU, linear from 5 to 20, ReLU, linear from 20 to `num_classes`, dropout with probability
    `dropout_prob`, softmax over the classes, with its dimension stated. All are layers of `torch.nn`; the linear ones
    have a bias. Do not name the layers: the first parameter is `pipe.0.weight`.

    `forward(x)` takes x of shape (N, num_inputs) and returns what the pipe returns for it, shape (N, num_classes).
    """

    def __init__(self, num_inputs: int, num_classes: int, dropout_prob: float = 0.3) -> None:
        raise NotImplementedError("step 1: Classifier")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 1: Classifier")


class DeepStack(nn.Module):
    """Step 2. As many layers as the caller asks for.

    Registers `depth` separate layers `nn.Linear(width, width)`, at least one, under `self.layers`, so the parameters
    are called `layers.0.weight`, `layers.0.bias`, `layers.1.weight` and so on.

    `forward(x)` takes x of shape (N, width), runs each layer once, in order, with a ReLU after each of them, the
    last one included, and returns shape (N, width).
    """

    def __init__(self, width: int, depth: int) -> None:
        raise NotImplementedError("step 2: DeepStack")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 2: DeepStack")


class LearnedScale(nn.Module):
    """Step 3. A parameter of your own: one factor for each feature.

    Registers one parameter as `self.scale`: float32, shape (num_features,), all ones at the beginning, trained by
    whatever optimizer gets `parameters()`.

    `forward(x)` takes x of shape (..., num_features), with any number of dimensions in front, and returns x times
    `self.scale`, with the same shape.
    """

    def __init__(self, num_features: int) -> None:
        raise NotImplementedError("step 3: LearnedScale")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 3: LearnedScale")


class Standardise(nn.Module):
    """Step 4. Numbers that belong to the module but are not trained.

    Registers `mean` and `std`, both float32 of shape (num_features,), as buffers with these names. Buffers move with
    `to(device)` and are saved in `state_dict()`, but they are not parameters: no optimizer gets them, and they do not
    require a gradient. The tensors that you are given are float32, do not require a gradient either, and keep their
    values.

    `forward(x)` takes x of shape (N, num_features) and returns (x - mean) / std.
    """

    def __init__(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        raise NotImplementedError("step 4: Standardise")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError("step 4: Standardise")


def parameter_summary(model: nn.Module) -> tuple[list[tuple[str, tuple[int, ...], int]], int, int]:
    """Step 5. Write down what a model would train. (The package torchsummary is no longer maintained.)

    model: any module, with any nesting; change nothing about it, and do not run it.

    Returns (rows, total, trainable). `rows` has one (name, shape, number of elements) for each parameter, in the order
    of `model.named_parameters()` and with the names that it gives, such as "pipe.0.weight". `total` is the number of
    elements of all parameters together, `trainable` the number of elements of those that require a gradient. A
    parameter that two layers share is one parameter, with one row. Buffers are not counted.
    """
    raise NotImplementedError("step 5: parameter_summary")
