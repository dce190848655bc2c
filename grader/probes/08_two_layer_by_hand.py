"""Takes several steps with one pair of weights, and counts what autograd is asked to do."""

import torch
from torch.overrides import TorchFunctionMode


def three_steps(submission, x, y, w1, w2, lr):
    """Call sgd_step three times on the same weights; return what it returned and the weights."""
    losses = [submission.sgd_step(x, y, w1, w2, lr) for _ in range(3)]
    return {"losses": losses, "w1": w1, "w2": w2}


def backward_passes(submission, name, arguments):
    """Call one function of the submission; return how often autograd's engine was run meanwhile."""
    count = 0
    run = torch.autograd._engine_run_backward

    def counted(*args, **kwargs):
        nonlocal count
        count += 1
        return run(*args, **kwargs)

    torch.autograd._engine_run_backward = counted
    try:
        returned = getattr(submission, name)(*arguments)
    finally:
        torch.autograd._engine_run_backward = run
    return {"passes": count, "returned": returned}


class DrawnThere(TorchFunctionMode):
    """Notes whether random numbers are drawn from a generator on another device than the CPU, where it lives."""

    def __init__(self):
        self.elsewhere = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        place = kwargs.get("device")
        if kwargs.get("generator") is not None and place is not None and torch.device(place).type != "cpu":
            self.elsewhere = True
        return function(*args, **kwargs)


def drawn_elsewhere(submission, name, sizes, device):
    """Call a function that draws from a generator on the CPU; tell whether it draws on the other device."""
    with DrawnThere() as drawing:
        getattr(submission, name)(*sizes, device, torch.Generator())
    return drawing.elsewhere
