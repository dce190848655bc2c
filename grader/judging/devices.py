"""The devices that an exercise can be graded on. Importing this does not load torch."""

from __future__ import annotations

import importlib

from grader.sandbox.shared.policy import PRETEND

DEVICES = ("cpu", "cuda", "mps")
ALL = "all"
# What gives torch a device that it does not have by itself, in every process that uses it. By name: nobody but proofs
# asks for such a device, and nothing here is to know of proofs.
MODULES = {PRETEND: ("grader.proofs.accelerator.loaded",)}


def is_available(device: str) -> bool:
    """Return whether this machine has the device."""
    import torch

    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), PRETEND: True}
    return here[device]


def load(device: str) -> None:
    """Give torch in this process a device that it does not have by itself; raise UsageError where that is not built."""
    for name in MODULES.get(device, ()):
        importlib.import_module(name)
