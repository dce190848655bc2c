"""07 Devices

Every tensor lives on one device: "cpu", which is the default, "cuda" or "cuda:1" (the second GPU) from Nvidia, or "mps"
on a Mac with an M chip. An operation needs all its tensors on one device, and nothing moves by itself. `x.to(device)`
returns a tensor on the device and leaves x where it is; autograd records the copy, so the copy is a result with x
behind it. `model.to(device)`, on the other hand, moves the parameters of the model itself.

Old texts use `torch.cuda.FloatTensor` as a type of its own; today there is one kind of tensor, and its `device` says
where it lives. The device "meta" exists on every machine. Its tensors have a shape and a dtype but no numbers. The
checks use it as a device that is not the CPU.

    >>> import torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> y = x.to("meta")
    >>> x.device.type, y.device.type
    ('cpu', 'meta')
    >>> x.is_leaf, y.is_leaf
    (True, False)
    >>> z = torch.ones(2, device="meta", requires_grad=True)
    >>> z.is_leaf
    True

Read on: https://docs.pytorch.org/docs/stable/notes/cuda.html
"""

import numpy as np
import torch


def choose_device() -> torch.device:
    """Step 1. Choose the best device that this machine has.

    That is "cuda" if `torch.cuda.is_available()` says so; otherwise "mps" if `torch.backends.mps.is_available()` says
    so; otherwise "cpu". Ask again at each call.

    Returns a `torch.device`.
    """
    raise NotImplementedError("step 1: choose_device")


def variable_on(values: list[float], device: torch.device) -> torch.Tensor:
    """Step 2. Make a tensor to optimise, on a device.

    Returns a float32 tensor of shape (len(values),) on `device` that is a leaf and requires a gradient.
    """
    raise NotImplementedError("step 2: variable_on")


def move_and_differentiate(
    leaf: torch.Tensor, device: torch.device, upstream: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 3. Compute with a moved copy of a leaf, and find out where the gradient lands.

    leaf: float64 of shape (N,), on any device, a leaf that requires a gradient and has none yet; its numbers stay as
    they are. upstream: float32 of shape (N,), on `device`.

    Make a copy of `leaf` on `device` in float32; `to` takes both, and changing the dtype makes a copy even if the
    device is the same. Compute (copy**2 * upstream).sum() and run backward once, back to `leaf`.

    Returns the copy, which is a result, and the gradient that landed at `leaf`: float64 of shape (N,), on its device.
    """
    raise NotImplementedError("step 3: move_and_differentiate")


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """Step 4. Bring a tensor back to numpy, from wherever it is.

    tensor: float32 or an integer dtype, of any shape, on any device; it may require a gradient and may be a leaf or a
    result. numpy knows only the CPU, and nothing about gradients. `tensor` stays as it is.

    Returns a numpy array of the same shape, dtype and numbers; it may share memory with `tensor`.
    """
    raise NotImplementedError("step 4: to_numpy")


def allocator_figures(events: list[tuple[str, int]]) -> tuple[float, float]:
    """Step 5. Keep the two figures of the caching allocator, as torch does for a GPU.

    Asking CUDA for memory is slow. So torch keeps the memory of deleted tensors to itself and reuses it for the next
    ones. The memory that living tensors occupy is called *allocated* (`torch.cuda.memory_allocated()`), and all that
    torch holds, with or without a tensor in it, is called *reserved* (`torch.cuda.memory_reserved()`); both count
    bytes. Other programs can have only what is not reserved. You need no GPU: keep the accounts of an allocator that
    can split and join its memory at will and asks CUDA for no more than it lacks.

    events: what happens, in order, beginning with nothing allocated and nothing reserved. ("make", n) makes a tensor of
    n bytes, ("delete", n) deletes one, and ("empty_cache", 0) is `torch.cuda.empty_cache()`, which gives all memory
    that has no tensor in it back to CUDA. Only tensors that were made are deleted.

    Returns (allocated, reserved) after the last event, two floats, in MiB: bytes / 1024 / 1024.
    """
    raise NotImplementedError("step 5: allocator_figures")


def predict(model: torch.nn.Module, batch: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Step 6. Run a model on a device, whichever device the model and the batch are on.

    model: takes a float32 tensor of shape (B, F). Move the model itself: its parameters must be on `device` afterwards.
    It stays in the mode that it is in, training or evaluation.
    batch: float32 of shape (B, F); stays as it is, and where it is.

    Returns what the model returns for the batch, on `device`. Gradients can flow back from it to the parameters.
    """
    raise NotImplementedError("step 6: predict")
