"""07 Devices"""

import numpy as np
import torch

MIB = 1024 * 1024


def choose_device() -> torch.device:
    # Asked at run time, so that the same file runs on every machine.
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def variable_on(values: list[float], device: torch.device) -> torch.Tensor:
    # subtle: made where it should live. A leaf that is moved afterwards is a result there.
    return torch.tensor(values, device=device, requires_grad=True)  # (N,)


def move_and_differentiate(
    leaf: torch.Tensor, device: torch.device, upstream: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    moved = leaf.to(device, torch.float32)  # (N,)
    (moved**2 * upstream).sum().backward()
    # The copy is in the middle of the graph; its gradient went on to the leaf, back to its device and dtype.
    return moved, leaf.grad


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    # numpy knows neither graphs nor other devices: leave both behind, in this order.
    return tensor.detach().cpu().numpy()


def allocator_figures(events: list[tuple[str, int]]) -> tuple[float, float]:
    allocated = reserved = 0
    for what, size in events:
        if what == "make":
            allocated += size
            # What is cached is used up before CUDA is asked for more.
            reserved = max(reserved, allocated)
        elif what == "delete":
            allocated -= size
        else:
            reserved = allocated
    return allocated / MIB, reserved / MIB


def predict(model: torch.nn.Module, batch: torch.Tensor, device: torch.device) -> torch.Tensor:
    # A module moves itself; a tensor returns the moved one.
    model.to(device)
    return model(batch.to(device))
