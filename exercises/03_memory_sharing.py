"""03 Sharing memory

A tensor is a window on a block of memory, its *storage*: a shape, a step for each dimension, and a place to start.
Several tensors, and numpy arrays too, can look at the same storage, and a write through one of them shows in all. Some
ways of making a tensor open another window, others copy the numbers to a new storage, and `reshape` may do either.

    >>> import numpy as np
    >>> import torch
    >>> array = np.array([1.0, 2.0, 3.0])
    >>> copied, shared = torch.tensor(array), torch.from_numpy(array)
    >>> array[0] = 9.0
    >>> copied.tolist(), shared.tolist()
    ([1.0, 2.0, 3.0], [9.0, 2.0, 3.0])
    >>> x = torch.zeros(2, 3)
    >>> row = x[1]
    >>> row[0] = 5.0
    >>> x.tolist()
    [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]
    >>> row.untyped_storage().data_ptr() == x.untyped_storage().data_ptr(), row.storage_offset()
    (True, 3)

Read on: https://docs.pytorch.org/docs/stable/tensor_view.html
"""

import numpy as np
import torch


def shares(expression: str) -> bool:
    """Step 1. Say whether an expression gives a window on memory that is already there, or a copy.

    The names in it stand for
      array = np.zeros((3, 4), dtype=np.float32)
      tensor = torch.zeros(3, 4)

    expression: one of "torch.tensor(array)", "torch.from_numpy(array)", "torch.as_tensor(array)",
    "torch.as_tensor(array, dtype=torch.float64)", "tensor.numpy()", "tensor.view(12)", "tensor.reshape(12)",
    "tensor.t()", "tensor.t().reshape(12)", "tensor[1]", "tensor[:, 1:3]", "tensor[[0, 2]]", "tensor.clone()" and
    "tensor.detach()". You may think it through or try it out.

    Returns True where writing into the result changes `array` or `tensor`, False where it does not.
    """
    raise NotImplementedError("step 1: shares")


def same_storage(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Step 2. Say whether two tensors lie in the same storage.

    a, b: tensors on one device, with one element or more, either unrelated or made from one another by torch. Two
    different rows of one matrix lie in the same storage too, although they have no element in common, and so do a
    tensor and a `view` that shows its bytes as another dtype. Two tensors that hold the same numbers need not. Nothing
    is written into either.

    Returns a bool.
    """
    raise NotImplementedError("step 2: same_storage")


def window_and_copy(array: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 3. Make two tensors from a numpy array: one that shares its memory and one that is independent of it.

    array: of any shape, including (), contiguous or not (though none runs backwards), and of a dtype that torch knows.
    It stays as it is.

    Returns two tensors on the CPU with the shape, the dtype and the numbers of `array`. The first shares the memory of
    `array`; the second has memory of its own.
    """
    raise NotImplementedError("step 3: window_and_copy")


def doubled_row(matrix: torch.Tensor, index: int) -> torch.Tensor:
    """Step 4. Take a row out of a matrix and double it.

    matrix: float32 of shape (N, C), requires no gradient. It stays as it is. index: from 0 to N - 1.

    Returns a float32 tensor of shape (C,) on the same device, with memory of its own: twice the numbers of that row.
    """
    raise NotImplementedError("step 4: doubled_row")


def flat_view(tensor: torch.Tensor) -> torch.Tensor:
    """Step 5. Flatten a tensor without copying it, or refuse.

    tensor: of any shape with at least one dimension; contiguous, or not contiguous, like a transposed matrix.

    Returns a tensor of one dimension with the same numbers in the same order, in the memory of `tensor`; where `tensor`
    requires a gradient, gradients flow back through it. If no such window exists, because of how the elements lie in
    memory, raises RuntimeError and returns no copy.
    """
    raise NotImplementedError("step 5: flat_view")


def two_copies(tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 6. Copy a tensor twice: once inside the graph, once outside.

    tensor: float32, of any shape, requires a gradient; a leaf or a result. It stays as it is.

    Returns two tensors with the numbers of `tensor`, on its device, each in memory of its own: neither shares with
    `tensor` or with the other. From the first, gradients flow back to `tensor`; the second requires no gradient.
    """
    raise NotImplementedError("step 6: two_copies")
