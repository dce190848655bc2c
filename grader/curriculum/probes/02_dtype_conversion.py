"""Listens to the conversions that a submission makes, to tell one that is thrown away from one that is missing."""

import numpy as np
import torch
from torch.overrides import TorchFunctionMode


class Listening(TorchFunctionMode):
    """Notes the dtype of every tensor that a torch function returns."""

    def __init__(self):
        self.made = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.made.append(str(result.dtype).removeprefix("torch."))
        return result


def dtypes_made(submission, step, array, device):
    """Call a step with an array; return the names of the dtypes that it made on its way, in numpy and in torch.

    Told: `{step:word}` on an array of shape {array:shape}, noting the dtypes on the way
    """
    made = []

    class Heard(np.ndarray):
        def astype(self, dtype, *args, **kwargs):
            made.append(np.dtype(dtype).name)
            return super().astype(dtype, *args, **kwargs)

    with Listening() as listening:
        getattr(submission, step)(array.view(Heard), device)
    return made + listening.made
