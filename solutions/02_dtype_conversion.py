"""02 Changing dtypes"""

import numpy as np
import torch


def to_float32(array: np.ndarray, device: torch.device) -> torch.Tensor:
    # Without a dtype, the tensor takes numpy's, and numpy's default is float64.
    return torch.tensor(array, dtype=torch.float32, device=device)


def to_half(tensor: torch.Tensor) -> torch.Tensor:
    # bfloat16 is the fallback, not the first choice: its range costs three bits of every number.
    fits = tensor.abs().max() <= torch.finfo(torch.float16).max
    return tensor.to(torch.float16 if fits else torch.bfloat16)


def to_nearest(tensor: torch.Tensor) -> torch.Tensor:
    # subtle: the conversion alone cuts the fraction off, towards zero.
    return tensor.round().to(torch.int64)


def to_labels(column: np.ndarray, device: torch.device) -> torch.Tensor:
    # One conversion for every dtype that a reader may have chosen; losses index with int64.
    return torch.tensor(column, dtype=torch.int64, device=device)  # (N,)


def result_dtype(left: torch.dtype, right: torch.dtype | int | float) -> torch.dtype:
    tensor = torch.empty(1, dtype=left)
    # subtle: one dimension, because a tensor without any would count for less.
    other = torch.empty(1, dtype=right) if isinstance(right, torch.dtype) else right
    return torch.result_type(tensor, other)


def brighten(image: torch.Tensor, amount: int) -> torch.Tensor:
    # A Python number does not widen uint8, so 250 + 10 would be 4.
    wide = image.to(torch.int16) + amount  # (H, W)
    return wide.clamp(0, 255).to(torch.uint8)
