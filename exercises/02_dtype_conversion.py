"""02 Changing dtypes

A conversion never changes a tensor: it returns another one, and whatever that one cannot hold is lost. An integer
dtype loses the fraction. float16 and bfloat16 take half the memory of float32: float16 keeps about three decimal
digits but ends at 65504, and a larger number becomes infinite; bfloat16 has the range of float32 but keeps only about
two digits.

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

When an operation combines two dtypes, torch *promotes* them: its rules choose the dtype of the result.

Read on: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype
"""

import numpy as np
import torch


def to_float32(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """Step 1. Make a float32 tensor from a numpy array.

    array: of any shape and of any integer or floating dtype. numpy makes float64 unless told otherwise, which takes
    twice the memory that a network needs. Convert in numpy or in torch before you return the tensor; either will do.

    Returns a float32 tensor of the same shape on `device`. Neither `array` nor torch's default dtype is changed.
    """
    raise NotImplementedError("step 1: to_float32")


def to_half(tensor: torch.Tensor) -> torch.Tensor:
    """Step 2. Halve the memory of a tensor, and keep as many digits as its numbers allow.

    tensor: float32, of any shape with at least one element, requires no gradient. All its numbers, which may be
    negative, are finite; those that are not 0 are at least 0.001 in absolute value. The limit of float16 itself may be
    among them, but no other number so close to it that rounding decides.

    Returns a tensor of the same shape on the same device: float16 where every number of `tensor` is within the range of
    float16, bfloat16 otherwise. `tensor` stays as it is.
    """
    raise NotImplementedError("step 2: to_half")


def to_nearest(tensor: torch.Tensor) -> torch.Tensor:
    """Step 3. Convert to whole numbers, each to the nearest one.

    tensor: float32, of any shape, positive and negative numbers below 1000 in absolute value. None lies exactly
    halfway between two whole numbers. -2.7 becomes -3, and 2.2 becomes 2.

    Returns an int64 tensor of the same shape on the same device. `tensor` stays as it is.
    """
    raise NotImplementedError("step 3: to_nearest")


def to_labels(column: np.ndarray, device: torch.device) -> torch.Tensor:
    """Step 4. Make class labels from a column of numbers.

    column: shape (N,), whole numbers from 0 to 255, of any integer or floating dtype: a column of labels that was read
    from a file may be float64, uint8 or int32. Losses and indexing expect class labels as int64.

    Returns an int64 tensor of shape (N,) on `device`. `column` stays as it is.
    """
    raise NotImplementedError("step 4: to_labels")


def result_dtype(left: torch.dtype, right: torch.dtype | int | float) -> torch.dtype:
    """Step 5. Say which dtype `a + b` has, where `a` is a tensor of one or more dimensions.

    left: the dtype of `a`: torch.bool, uint8, int8, int16, int32, int64, float16, bfloat16, float32 or float64.
    right: one of these dtypes, where `b` is another tensor of one or more dimensions; or a plain Python number,
    an int or a float (never a bool), which is `b` itself.

    torch's rules: there are three kinds of dtype; bool is the lowest, integer comes next, floating is the highest. With
    two tensors of different kinds, the higher kind decides, whatever its width; within one kind, the result is the
    smallest dtype with the range and the digits of both, which for uint8 with int8 and for float16 with bfloat16 is
    neither of the two. Of a Python number only the kind counts: where it is not higher than the kind of the tensor, the
    result has the tensor's dtype; where it is higher, an int gives int64 and a float gives float32.
    You may write a table, apply the rules or ask torch.

    Returns a `torch.dtype`.
    """
    raise NotImplementedError("step 5: result_dtype")


def brighten(image: torch.Tensor, amount: int) -> torch.Tensor:
    """Step 6. Add a number to every pixel, and stop at black and at white.

    image: uint8 of shape (H, W). amount: from -255 to 255.

    Returns a uint8 tensor of shape (H, W) on the same device: each pixel plus `amount`, where a sum below 0 becomes 0
    and a sum above 255 becomes 255. `image` stays as it is.
    """
    raise NotImplementedError("step 6: brighten")
