"""Notes that backward was asked for, whether anything came of it or not."""

import torch
from torch.overrides import TorchFunctionMode


class Backwards(TorchFunctionMode):
    """Counts how often a tensor's `backward` is called, wherever it leads."""

    calls = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.calls += func is torch.Tensor.backward
        return func(*args, **(kwargs or {}))
