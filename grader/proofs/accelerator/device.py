"""The device `pretend`, once it is compiled. `load` gives it to torch in this process, for as long as it runs."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import types
from pathlib import Path
from typing import Any

from grader.catalogue import places
from grader.errors import UsageError
from grader.sandbox.shared.policy import PRETEND

NAME = PRETEND


def compiled() -> Path:
    """Return where the compiled device lies, or will: a place of its own for each torch and each of its sources."""
    sources = hashlib.sha256(b"".join(each.read_bytes() for each in places.accelerator_sources())).hexdigest()
    return places.compiled() / f"torch-{importlib.metadata.version('torch')}" / f"{NAME}_{sources[:12]}.so"


def load() -> None:
    """Give torch the device; raise UsageError where it is not compiled. Does nothing the second time."""
    import torch

    if not hasattr(torch, NAME):
        if not compiled().is_file():
            raise UsageError(f"--device {NAME} is not compiled yet; `all --solutions --device {NAME}` compiles it")
        _give(torch)


def _give(torch: Any) -> None:
    torch.utils.rename_privateuse1_backend(NAME)
    torch._register_device_module(NAME, _module(torch))
    torch.ops.load_library(str(compiled()))
    torch.utils.generate_methods_for_privateuse1_backend()


def _module(torch: Any) -> types.ModuleType:
    """Return `torch.pretend`: what torch asks of the module of any device."""
    module = types.ModuleType(f"torch.{NAME}")

    def generator(_: object = 0) -> Any:
        return torch.ops.pretend.default_generator()

    def manual_seed(seed: int) -> None:
        generator().manual_seed(seed)

    module.__dict__.update(
        is_available=lambda: True, device_count=lambda: 1, current_device=lambda: 0, is_initialized=lambda: True,
        _lazy_init=lambda: None, _is_in_bad_fork=lambda: False, synchronize=lambda _=None: None,
        device=contextlib.nullcontext,
        manual_seed=manual_seed, manual_seed_all=manual_seed, get_amp_supported_dtype=lambda: [torch.float16],
        get_rng_state=lambda _=0: generator().get_state(),
        set_rng_state=lambda state, _=0: generator().set_state(state),
    )  # fmt: skip
    return module
