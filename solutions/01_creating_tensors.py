"""01 Creating tensors"""

import numpy as np
import torch


def from_data(data: list | np.ndarray, device: torch.device) -> torch.Tensor:
    # Without a dtype, whole numbers would give int64, and an array its own float64.
    return torch.tensor(data, dtype=torch.float32, device=device)


def from_number(value: int | float, device: torch.device) -> torch.Tensor:
    # A number has no axes, so the shape is (); without `dtype` an int would become int64.
    return torch.tensor(value, dtype=torch.float32, device=device)  # ()


def filled(shape: tuple[int, ...], device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    zeros = torch.zeros(shape, device=device)
    ones = torch.ones(shape, device=device)
    # Each is made on its device: `.to(device)` afterwards would make it twice.
    return zeros, ones, torch.rand(shape, device=device)


def constructor_facts(name: str) -> tuple[torch.dtype, int]:
    dtype = getattr(torch, name).dtype
    # subtle: itemsize counts bytes.
    return dtype, dtype.itemsize * 8


def predict_call(name: str, argument: int | list[int] | None) -> tuple[tuple[int, ...], torch.dtype] | None:
    is_class = name == "Tensor"
    dtype = torch.float32 if is_class else torch.int64
    if argument is None:
        # The class makes an empty tensor; the function lacks its data.
        return ((0,), dtype) if is_class else None
    if isinstance(argument, list):
        return (len(argument),), dtype
    # subtle: one whole number is a size for the class and a value for the function.
    return ((argument,) if is_class else ()), dtype


def sums(matrix: torch.Tensor) -> tuple[float, list[float]]:
    # item() is for exactly one number; tolist() for any number of them.
    return matrix.sum().item(), matrix.sum(dim=1).tolist()
