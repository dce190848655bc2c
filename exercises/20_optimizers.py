"""20 Optimizers, as torch.optim has them

An optimizer takes the gradients that backward left in `.grad` and changes the parameters so that the loss
becomes smaller. All of torch's optimizers share one interface: parameters come in *groups* with hyperparameters
of their own, `step` updates each parameter in place, `zero_grad` clears the gradients, and `state_dict` holds
what must be saved to go on later. The class `torch.optim.Optimizer` provides all of that except `step`.

    >>> import torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    >>> optimizer = torch.optim.Adam([{"params": [w], "lr": 0.5}], betas=(0.9, 0.99))
    >>> optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"]
    (0.5, (0.9, 0.99))
    >>> w.grad = torch.tensor([3.0, -0.01])
    >>> optimizer.step()
    >>> w.data
    tensor([ 0.5000, -1.5000])
    >>> sorted(optimizer.state[w])
    ['exp_avg', 'exp_avg_sq', 'step']

For steps 1 to 4: write an optimizer that agrees with torch's optimizer of that name, step for step.

- `__init__` hands the parameters and a dict with the default of each hyperparameter to the base class, which
  makes `self.param_groups`: a list of dicts, each with "params" and all hyperparameters under the names of the
  constructor's arguments. `step` reads them from the group each time, because a scheduler may have changed them.
- What an optimizer remembers about a parameter lies in `self.state[parameter]`, a dict of its own for each
  parameter, with keys of your choice: only what is there gets into `state_dict`, and a run that goes on from that
  dict gives the same numbers as a run that never stopped. Remembered tensors have the parameter's shape, dtype and
  device, and share no memory with `.grad`.
- `step` changes the parameters in place and records nothing for autograd (there is a decorator for that). It
  leaves each `.grad` as it is. A parameter whose `.grad` is None is skipped: neither it nor what is remembered
  about it changes. Every other parameter takes its step, even if it was frozen after it got its gradient, and even if
  that holds NaN.
- g stands for the gradient; squares, roots and divisions are taken element by element. Build the optimizer from
  tensor operations; do not use another optimizer.

Read on: https://docs.pytorch.org/docs/stable/optim.html
"""

import torch
from torch.optim.optimizer import ParamsT


class SGD(torch.optim.Optimizer):
    """Step 1. Stochastic gradient descent with momentum.

    With momentum 0: parameter -= lr * g, whatever the dampening.

    Otherwise each parameter has a buffer. At the parameter's first step buffer = g; later
    buffer = momentum * buffer + (1 - dampening) * g. Then parameter -= lr * buffer. The buffer is a sum
    of gradients: lr is not part of it.
    """

    def __init__(self, params: ParamsT, lr: float, momentum: float = 0.0, dampening: float = 0.0) -> None:
        raise NotImplementedError("step 1: SGD")

    def step(self) -> None:
        raise NotImplementedError("step 1: SGD")


class Adagrad(torch.optim.Optimizer):
    """Step 2. Adagrad: the more gradient an element has had in total, the smaller its steps.

    square_sum, 0 at first, becomes square_sum + g ** 2; then
    parameter -= lr * g / (root of square_sum + eps). The sum never shrinks, so the steps keep getting
    smaller.
    """

    def __init__(self, params: ParamsT, lr: float, eps: float = 1e-10) -> None:
        raise NotImplementedError("step 2: Adagrad")

    def step(self) -> None:
        raise NotImplementedError("step 2: Adagrad")


class RMSprop(torch.optim.Optimizer):
    """Step 3. RMSprop: like Adagrad, but with a moving average in which recent gradients count most.

    square_average, 0 at first, becomes alpha * square_average + (1 - alpha) * g ** 2; then
    parameter -= lr * g / (root of square_average + eps).
    """

    def __init__(self, params: ParamsT, lr: float, alpha: float = 0.99, eps: float = 1e-8) -> None:
        raise NotImplementedError("step 3: RMSprop")

    def step(self) -> None:
        raise NotImplementedError("step 3: RMSprop")


class Adam(torch.optim.Optimizer):
    """Step 4. Adam: moving averages of both the gradient and its square.

    With (b1, b2) = betas:
    average = b1 * average + (1 - b1) * g; square_average = b2 * square_average + (1 - b2) * g ** 2.
    Both begin at 0 and are too small at first, so each is corrected: t, a Python int, counts the steps of
    this parameter, 1 at its first, and average / (1 - b1 ** t) and square_average / (1 - b2 ** t) take the
    place of the two in parameter -= lr * average / (root of square_average + eps). What is remembered
    stays uncorrected.

    Gradients a thousand times as large give the same steps (apart from eps).
    """

    def __init__(
        self, params: ParamsT, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        raise NotImplementedError("step 4: Adam")

    def step(self) -> None:
        raise NotImplementedError("step 4: Adam")


def clear_gradients(optimizer: torch.optim.Optimizer, set_to_none: bool) -> None:
    """Step 5. Clear the gradients of all parameters of an optimizer, in all its groups, frozen ones included.

    set_to_none: True puts None into each `.grad`. False fills each gradient with zeros in place (it
    remains the same tensor), and leaves those that are None as they are. The difference matters: a
    parameter with a gradient of zeros still moves by its momentum, one without a gradient stays put.

    Do it yourself, without `optimizer.zero_grad`. Nothing else changes. Returns None.
    """
    raise NotImplementedError("step 5: clear_gradients")


def hand_over(source: torch.optim.Optimizer, target: torch.optim.Optimizer) -> None:
    """Step 6. Let one optimizer carry on from where another one is.

    source, target: optimizers of one class of torch.optim, over different parameters, in groups of the
    same sizes and shapes.

    Afterwards `target` has the hyperparameters and the state of `source` in place of its own, and takes
    the steps that `source` would take. The two share no memory: steps of one do not show in the other.
    `source` and the parameters of both are left as they are. `state_dict` and `load_state_dict` do most
    of it, but neither of them copies tensors. Returns None.
    """
    raise NotImplementedError("step 6: hand_over")
