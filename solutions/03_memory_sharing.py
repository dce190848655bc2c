"""03 Sharing memory"""

import numpy as np
import torch

# Another dtype, a list as an index, and an order that the memory does not have all need new memory.
COPIES = {
    "torch.tensor(array)",
    "torch.as_tensor(array, dtype=torch.float64)",
    "tensor.t().reshape(12)",
    "tensor[[0, 2]]",
    "tensor.clone()",
}


def shares(expression: str) -> bool:
    # Fewer expressions copy than share, so those are the ones to remember.
    return expression not in COPIES


def same_storage(a: torch.Tensor, b: torch.Tensor) -> bool:
    # subtle: the tensor's own data_ptr is where the tensor starts, not where its storage does.
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def window_and_copy(array: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    # `from_numpy` uses the existing memory; `tensor` always copies it.
    return torch.from_numpy(array), torch.tensor(array)


def doubled_row(matrix: torch.Tensor, index: int) -> torch.Tensor:
    # The row is a view; only an operation without an underscore leaves the matrix alone.
    return matrix[index] * 2  # (C,)


def flat_view(tensor: torch.Tensor) -> torch.Tensor:
    # reshape would copy where view refuses.
    return tensor.view(-1)


def two_copies(tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    # clone copies and is recorded; detach leaves the graph and copies nothing.
    return tensor.clone(), tensor.detach().clone()
