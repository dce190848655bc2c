"""01 Creating tensors

A tensor is an array of numbers with any number of dimensions, all of one dtype. There are three ways to make one: a
typed constructor (`torch.FloatTensor([1, 2])`), a function that converts a list, a number or a numpy array
(`torch.tensor([1, 2])`), and a factory that is told a shape (`torch.zeros((2, 3))`). `torch.Tensor` and its typed kin
are classes. A class takes a list for data, but whole numbers for sizes, and the memory that it then hands out holds
whatever was there before.

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

The typed constructors are old and know the CPU only; new code says `torch.tensor(..., dtype=..., device=...)`.

Read on: https://docs.pytorch.org/docs/stable/tensors.html
"""

import numpy as np
import torch


def from_data(data: list | np.ndarray, device: torch.device) -> torch.Tensor:
    """Step 1. Make a float32 tensor of a list or of a numpy array.

    data: a list of numbers, a list of equally long lists of numbers, or a numpy array of any shape; whole numbers or
    floating-point numbers.

    Returns a float32 tensor of the same shape on `device`, which requires no gradient. `data` stays as it is, and so do
    torch's settings, such as its default dtype.
    """
    raise NotImplementedError("step 1: from_data")


def from_number(value: int | float, device: torch.device) -> torch.Tensor:
    """Step 2. Make a tensor with no dimensions at all, which holds one number.

    value: a Python number.

    Returns a float32 tensor of shape () on `device`.
    """
    raise NotImplementedError("step 2: from_number")


def filled(shape: tuple[int, ...], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Step 3. Make three tensors by their shape alone.

    shape: the size of each dimension, one or more of them.

    Returns three float32 tensors of this shape on `device`: one of zeros, one of ones, and one of random numbers that
    are uniform over [0, 1). The random ones come from torch's global generator, and are others at each call.
    """
    raise NotImplementedError("step 3: filled")


def constructor_facts(name: str) -> tuple[torch.dtype, int]:
    """Step 4. Tell which dtype a typed constructor makes, and how many bits one number takes in it.

    name: of the eight classic ones, HalfTensor, FloatTensor and DoubleTensor (floating point), ByteTensor (unsigned),
    CharTensor, ShortTensor, IntTensor and LongTensor (signed); or one of the later ones, BFloat16Tensor and BoolTensor.
    In memory a bool takes as much as the smallest integer. A table or a question to torch: both are welcome.

    Returns the `torch.dtype` and the number of bits.
    """
    raise NotImplementedError("step 4: constructor_facts")


def predict_call(name: str, argument: int | list[int] | None) -> tuple[tuple[int, ...], torch.dtype] | None:
    """Step 5. Tell what a call of the class or of the function makes.

    name: "Tensor" for the class `torch.Tensor`, "tensor" for the function `torch.tensor`.
    argument: the only argument of the call, a whole number above 0 or a list of one or more whole numbers; None means
    that the call has no argument. The class makes torch's default dtype, float32; the function takes the dtype from
    what it is given.

    Returns the shape and the dtype of the tensor that comes back, or None where the call raises an error.
    """
    raise NotImplementedError("step 5: predict_call")


def sums(matrix: torch.Tensor) -> tuple[float, list[float]]:
    """Step 6. Sum a matrix, and hand out Python numbers.

    matrix: float32 of shape (N, C), N and C at least 1, on any device. It stays as it is.

    Returns the sum of all its numbers, a Python float, and the sums of its rows, a list of N Python floats.
    """
    raise NotImplementedError("step 6: sums")
