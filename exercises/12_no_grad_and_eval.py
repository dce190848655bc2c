"""12 Predicting, and freezing

Two switches look alike and have nothing to do with each other. `torch.no_grad()` is about autograd: inside it nothing
is recorded. `model.eval()` is about layers that behave differently in training: in eval mode, dropout drops nothing,
and batch norm uses its running statistics instead of those of the batch, and does not update them. For a prediction you
want both.

    >>> import torch
    >>> dropout = torch.nn.Dropout(0.5)
    >>> x = torch.ones(1000, requires_grad=True)
    >>> y = dropout.eval()(x) * 2
    >>> y.requires_grad, (y == 0).any()
    (True, tensor(False))
    >>> with torch.no_grad():
    ...     y = dropout.train()(x) * 2
    >>> y.requires_grad, (y == 0).any()
    (False, tensor(True))

To *freeze* a part of a net is a third thing: its parameters no longer require a gradient, so none is computed for
them, but gradients still pass through the part on their way to what lies before it.

Read on: https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation
"""

import torch
from torch import nn


def predict_row(no_grad: bool, eval_mode: bool) -> tuple[bool, bool, bool]:
    """Step 1. Fill in one row of the table by thought alone.

    A net of linear layers, dropout and batch norm runs forward once; all its parameters require a gradient.
    no_grad: whether it runs under `torch.no_grad()`. eval_mode: whether it is in eval mode (otherwise in train mode).

    Returns three bools: does the result require a gradient; does dropout drop anything; does batch norm update
    its running statistics?
    """
    raise NotImplementedError("step 1: predict_row")


def predict(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Step 2. Predict, and leave no trace.

    Run the model on x with all of its modules in eval mode, and let autograd record nothing meanwhile. Afterwards every
    module is in the mode that it was in before: you may get the model in either mode, and some of its parts may be in
    a different mode from the rest. This also holds if the forward pass raises an exception, which then goes on to the
    caller. The parameters and their gradients, the settings of the layers, x, and autograd's own switch, which may be
    on or off when you are called, are as before.

    Returns what the model returned, which requires no gradient.
    """
    raise NotImplementedError("step 2: predict")


def freeze(model: nn.Module, part: nn.Module, lr: float) -> torch.optim.SGD:
    """Step 3. Freeze a part of a model, and make an optimizer for the rest.

    part: a module of the model, which may hold other modules. Its parameters must no longer require a gradient; the
    other parameters stay as they are, and some of them may have been frozen before. The values of all parameters and
    the mode of every module stay the same.

    Returns `torch.optim.SGD(parameters, lr=lr)`, where `parameters` are those parameters of the model that still
    require a gradient, and no others, in the order of `model.parameters()`.
    """
    raise NotImplementedError("step 3: freeze")


def through_frozen(first: nn.Module, middle: nn.Module, last: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Step 4. Run x through three modules, one after the other, the middle one frozen.

    A backward pass from the result leaves gradients in the parameters of `first` and `last`, and none in those of
    `middle`. All the parameters require a gradient when you get the modules; whether those of `middle` still do when
    you return is up to you. The parameters' values, the modes of all modules, and x stay as they are.

    Returns the result of `last`.
    """
    raise NotImplementedError("step 4: through_frozen")


def outputs_require_grad(x_requires_grad: bool, frozen: list[bool]) -> list[bool]:
    """Step 5. Predict how far `requires_grad` spreads.

    x goes through a chain of linear layers, one after the other, with recording switched on. frozen: for each layer,
    whether all of its parameters are frozen; in a layer that is not frozen, all parameters require a gradient.

    Returns a list of bools: for each layer, whether its output requires a gradient.
    """
    raise NotImplementedError("step 5: outputs_require_grad")
