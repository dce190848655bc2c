"""Looks at this machine: what is installed, which devices there are, and how much isolation is to be had."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from grader.errors import GraderError

PACKAGES = (
    "numpy", "pytest", "pytest-timeout", "pandas", "torchvision", "gymnasium", "ale-py", "opencv-python",
    "pytorch-ignite", "tensorboardX", "tensorboard", "matplotlib", "rich", "safetensors",
)  # fmt: skip
OLDEST_PYTHON = (3, 11)
OLDEST_TORCH = (2, 11)


class Health(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do where it is not well."""

    what: str
    health: Health
    said: str
    todo: str = ""

    @property
    def broken(self) -> bool:
        """Whether nothing can be graded, or not everything, before this is mended."""
        return self.health is Health.BROKEN


def examine() -> list[Finding]:
    """Look at everything; takes a few seconds, for torch is loaded and a sandbox started."""
    return [_python(), *_packages(), *_torch()]


def _python() -> Finding:
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", Health.BROKEN, said, "install Python 3.11 or newer")
    return Finding("Python", Health.OK, said)


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding(name, Health.OK, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, Health.BROKEN, "not installed", "python -m pip install -c constraints.txt -e .")


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except ImportError as error:
        yield Finding("torch", Health.BROKEN, str(error), "python -m pip install -c constraints.txt -e .")
        return
    old = tuple(int(part) for part in torch.__version__.split(".")[:2]) < OLDEST_TORCH
    yield Finding(
        "torch", Health.BROKEN if old else Health.OK, torch.__version__, "torch 2.11 or newer is due" if old else ""
    )
    yield _torchvision()
    yield from _devices()
    yield _isolation()


def _torchvision() -> Finding:
    from grader import torchvision_cpu

    if torchvision_cpu.DECLARED is None:
        return Finding("torchvision's operators", Health.OK, "they load beside this torch")
    said = "built for CUDA, beside a CPU torch: a plain `import torchvision` fails here"
    return Finding(
        "torchvision's operators", Health.WARNING, said, "nothing: the exercises import grader.torchvision_cpu first"
    )


def _devices() -> Iterator[Finding]:
    import torch

    yield Finding("cpu", Health.OK, f"{torch.get_num_threads()} threads")
    cuda = torch.cuda.is_available()
    names = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())) if cuda else ""
    yield Finding(
        "cuda", Health.OK, f"{names} (CUDA {torch.version.cuda})" if cuda else "none here: `--device cuda` answers so"
    )
    yield Finding(
        "mps", Health.OK, "there" if torch.backends.mps.is_available() else "none here: `--device mps` answers so"
    )


def _isolation() -> Finding:
    from grader.sandbox import launch
    from grader.sandbox.client import Child
    from grader.sandbox.lockdown import Policy

    launcher = launch.start("cpu")
    try:
        child = Child(launcher, Policy(""))
        child.hello()
        in_force = child.in_force or ()
        child.close()
    except GraderError as error:
        return Finding("isolation", Health.BROKEN, str(error), "report this with the output of this command")
    finally:
        launcher.close()
    said = ", ".join(in_force) or "a process of its own"
    if "seccomp" not in in_force:
        return Finding(
            "isolation",
            Health.WARNING,
            said,
            "Linux: install libseccomp (package libseccomp2) and a kernel of 5.13 or newer",
        )
    if not any(part.startswith("landlock") for part in in_force):
        return Finding(
            "isolation", Health.WARNING, said, "files are not shielded: Linux 5.13 or newer with Landlock does that"
        )
    return Finding("isolation", Health.OK, said)
