"""The devices that an exercise can be graded on. Importing this does not load torch."""

from __future__ import annotations

DEVICES = ("cpu", "cuda", "mps")
ALL = "all"


def is_available(device: str) -> bool:
    """Return whether this machine has the device."""
    import torch

    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return here[device]
