"""Runs `filled` where fresh memory is known to be dirty, and several times; pretends that a matrix is on a GPU."""

import torch
from torch.overrides import TorchFunctionMode

NO_NUMPY = "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."


def filled_in_dirty_memory(submission, shape, device):
    """Call filled while torch marks all memory that it hands out without filling it: NaN in floating point.

    Told: `filled` for the shape {shape}, where all fresh memory holds NaN
    """
    torch.set_deterministic_debug_mode("warn")
    try:
        return submission.filled(shape, device)
    finally:
        torch.set_deterministic_debug_mode("default")


def filled_repeatedly(submission, shape, device, seed):
    """Call filled twice, and once more with torch seeded as for the first time; return the three answers.

    Told: `filled` three times for the shape {shape}, the last time seeded as for the first
    """
    torch.manual_seed(seed)
    twice = [submission.filled(shape, device), submission.filled(shape, device)]
    torch.manual_seed(seed)
    return [*twice, submission.filled(shape, device)]


class OnGpu(TorchFunctionMode):
    """Pretends that a tensor, and what is computed from it, is on a GPU until it is brought to the CPU."""

    def __init__(self, tensor):
        self._there = [tensor]

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        there = any(arg is each for arg in args for each in self._there)
        forced = kwargs.get("force") or any(arg is True for arg in args[1:])
        if there and (name in ("__array__", "__dlpack__") or (name == "numpy" and not forced)):
            raise TypeError(NO_NUMPY)
        result = function(*args, **kwargs)
        if name == "cpu" or (name == "to" and "cpu" in map(str, [*args[1:], *kwargs.values()])):
            return result.clone()
        if there:
            self._there += list(result) if isinstance(result, tuple) else [result]
        return result


def sums_on_gpu(submission, matrix):
    """Call sums with a matrix that cannot be read by numpy where it is; return the answer and what was raised.

    Told: `sums` of a matrix of shape {matrix:shape} that lies on a GPU
    """
    try:
        with OnGpu(matrix):
            return {"sums": submission.sums(matrix), "error": ""}
    except TypeError as error:
        if "to numpy" not in str(error):
            raise
        return {"sums": None, "error": str(error)}
