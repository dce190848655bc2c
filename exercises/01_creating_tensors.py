"""01 Creating tensors

A tensor is an array of numbers with any number of dimensions, all of one dtype. There are three ways to make one: a
typed constructor (`torch.FloatTensor([1, 2])`), a function that converts a list, a number or a numpy array
(`torch.tensor([1, 2])`), and a factory that takes a shape (`torch.zeros((2, 3))`). `torch.Tensor` and the typed
constructors are classes. A class treats a list as data but whole numbers as sizes, and a tensor made from sizes holds
whatever was in that memory before.

    >>> import torch
    >>> torch.tensor([1, 2, 3])
    tensor([1, 2, 3])
    >>> torch.FloatTensor([1, 2, 3])
    tensor([1., 2., 3.])
    >>> torch.FloatTensor(3, 2).shape
    torch.Size([3, 2])
    >>> total = torch.tensor([1, 2, 3]).sum()
    >>> total, total.shape, total.item()
    (tensor(6), torch.Size([]), 6)

The typed constructors are old and work on the CPU only; new code uses `torch.tensor(..., dtype=..., device=...)`.

Read on: https://docs.pytorch.org/docs/stable/tensors.html
"""

import numpy as np
import torch


def from_data(data: list | np.ndarray, device: torch.device) -> torch.Tensor:
    """Step 1. Make a float32 tensor from a list or a numpy array.

    data: a list of numbers, a list of equally long lists of numbers, or a numpy array of any shape; whole numbers or
    floating-point numbers.

    Returns a float32 tensor of the same shape on `device` that does not require a gradient. `data` stays as it is, and
    so do torch's settings, such as the default dtype.
    """
    raise NotImplementedError("step 1: from_data")


def from_number(value: int | float, device: torch.device) -> torch.Tensor:
    """Step 2. Make a tensor that has no dimensions at all and holds one number.

    value: a Python number.

    Returns a float32 tensor of shape () on `device`.
    """
    raise NotImplementedError("step 2: from_number")


def filled(shape: tuple[int, ...], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Step 3. Make three tensors from a shape alone.

    shape: the size of each dimension; there is at least one.

    Returns three float32 tensors of this shape on `device`: one of zeros, one of ones, and one of random numbers drawn
    uniformly from [0, 1). The random numbers come from torch's global generator and differ from call to call. torch's
    settings, such as the default device, stay as they are.
    """
    raise NotImplementedError("step 3: filled")


def constructor_facts(name: str) -> tuple[torch.dtype, int]:
    """Step 4. Say which dtype a typed constructor makes, and how many bits one number of that dtype takes.

    name: one of the eight classic constructors, HalfTensor, FloatTensor and DoubleTensor (floating point), ByteTensor
    (unsigned), CharTensor, ShortTensor, IntTensor and LongTensor (signed); or one of the later ones, BFloat16Tensor and
    BoolTensor. In memory, a bool takes as much space as the smallest integer. You may write a table or ask torch.

    Returns the `torch.dtype` and the number of bits.
    """
    raise NotImplementedError("step 4: constructor_facts")


def predict_call(name: str, argument: int | list[int] | None) -> tuple[tuple[int, ...], torch.dtype] | None:
    """Step 5. Say what a call to the class or to the function makes.

    name: "Tensor" for the class `torch.Tensor`, "tensor" for the function `torch.tensor`.
    argument: the only argument of the call, a whole number above 0 or a list of one or more whole numbers; None means
    that the call has no argument. The class uses torch's default dtype, float32; the function takes the dtype from
    its argument.

    Returns the shape and the dtype of the tensor that the call returns, or None if the call raises an error.
    """
    raise NotImplementedError("step 5: predict_call")


def sums(matrix: torch.Tensor) -> tuple[float, list[float]]:
    """Step 6. Sum a matrix, and return Python numbers.

    matrix: float32 of shape (N, C), N and C at least 1, on any device. It stays as it is.

    Returns the sum of all its numbers as a Python float, and the sums of its rows as a list of N Python floats.
    """
    raise NotImplementedError("step 6: sums")
