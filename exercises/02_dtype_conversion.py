"""02 Changing dtypes

A conversion never changes a tensor: it returns another one, and what that one cannot hold is lost. In an integer
dtype that is the fraction. float16 and bfloat16 take half the memory of float32: float16 keeps about three decimal
digits but ends at 65504, and a larger number becomes infinite; bfloat16 reaches as far as float32 does, but keeps only
about two digits.

    >>> import torch
    >>> x = torch.tensor([3.7, -3.7, 70000.0])
    >>> x.to(torch.int32)
    tensor([    3,    -3, 70000], dtype=torch.int32)
    >>> x.dtype
    torch.float32
    >>> x.to(torch.float16)
    tensor([ 3.6992, -3.6992,     inf], dtype=torch.float16)
    >>> x.to(torch.bfloat16)
    tensor([ 3.7031e+00, -3.7031e+00,  7.0144e+04], dtype=torch.bfloat16)

Where two dtypes meet in one operation, torch promotes: the result gets a dtype of its own.

Read on: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype
"""

import numpy as np
import torch


def to_float32(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """Step 1. Make a float32 tensor of a numpy array.

    array: of any shape and of any integer or floating dtype. numpy makes float64 unless told otherwise, twice the
    memory that a network needs. Convert in numpy, or in torch, before the tensor is handed out; either will do.

    Returns a float32 tensor of the same shape on `device`. Neither `array` nor torch's default dtype is changed.
    """
    raise NotImplementedError("step 1: to_float32")


def to_half(tensor: torch.Tensor) -> torch.Tensor:
    """Step 2. Halve the memory of a tensor, with as many digits as its numbers allow.

    tensor: float32, of any shape with at least one element, requires no gradient. All its numbers are finite; those
    that are not 0 are at least 0.001 in size, negative ones included. The limit of float16 itself may be among them,
    but no number so near to it that rounding decides.

    Returns a tensor of the same shape on the same device: float16 where float16 can hold every number of `tensor`,
    bfloat16 where it cannot. `tensor` stays as it is.
    """
    raise NotImplementedError("step 2: to_half")


def to_nearest(tensor: torch.Tensor) -> torch.Tensor:
    """Step 3. Convert to whole numbers, each to the nearest one.

    tensor: float32, of any shape, positive and negative numbers below 1000 in size. None lies exactly halfway
    between two whole numbers. -2.7 becomes -3, and 2.2 becomes 2.

    Returns an int64 tensor of the same shape on the same device. `tensor` stays as it is.
    """
    raise NotImplementedError("step 3: to_nearest")


def to_labels(column: np.ndarray, device: torch.device) -> torch.Tensor:
    """Step 4. Make class labels of a column of numbers.

    column: shape (N,), whole numbers from 0 to 255, of any integer or floating dtype: a column with labels that was
    read from a file may be float64, uint8 or int32. A loss takes class labels, and an index is taken, as int64.

    Returns an int64 tensor of shape (N,) on `device`. `column` stays as it is.
    """
    raise NotImplementedError("step 4: to_labels")


def result_dtype(left: torch.dtype, right: torch.dtype | int | float) -> torch.dtype:
    """Step 5. Tell the dtype of `a + b`, where `a` is a tensor of one or more dimensions.

    left: the dtype of `a`: torch.bool, uint8, int8, int16, int32, int64, float16, bfloat16, float32 or float64.
    right: one of these dtypes, where `b` is another tensor of one or more dimensions; or a plain Python number,
    an int or a float (never a bool), which is `b` itself.

    torch's rules: there are three kinds, bool below integer below floating. Of two tensors, the higher kind decides,
    whatever its width; within a kind the result is the smallest dtype with the range and the digits of both, which for
    uint8 with int8 and for float16 with bfloat16 is neither of the two. Of a Python number only the kind counts: where
    it is not higher than that of the tensor, the tensor's dtype stays; where it is, an int gives int64 and a float
    float32.
    A table, the rules or a question to torch: all are welcome.

    Returns a `torch.dtype`.
    """
    raise NotImplementedError("step 5: result_dtype")


def brighten(image: torch.Tensor, amount: int) -> torch.Tensor:
    """Step 6. Add a number to every pixel, and stop at black and at white.

    image: uint8 of shape (H, W). amount: from -255 to 255.

    Returns a uint8 tensor of shape (H, W) on the same device: each pixel plus `amount`, where a sum below 0 becomes 0
    and one above 255 becomes 255. `image` stays as it is.
    """
    raise NotImplementedError("step 6: brighten")
