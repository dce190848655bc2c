"""Compiles the pretended accelerator, once for each torch and each change of its sources."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from grader.catalogue import places
from grader.errors import GraderError, UsageError
from grader.proofs.accelerator import device

# -O1: what is slow is in torch; more would only take longer to compile.
BUILDER = """
import sys
from torch.utils import cpp_extension
folder, name, *sources = sys.argv[1:]
cpp_extension.load(name, [each for each in sources if each.endswith(".cpp")], build_directory=folder,
                   extra_cflags=["-O1"], is_python_module=False)
"""


def build() -> Path:
    """Return the compiled device, compiling it where that was not done yet; raise UsageError without a compiler."""
    built = device.compiled()
    if not built.exists():
        environment = _with_a_compiler()
        with _folder_beside(built) as folder:
            # subtle: whole or not there at all, and two builders at once do no harm
            _compile(folder, built.stem, environment).replace(built)
    return built


def _with_a_compiler() -> dict[str, str]:
    """Return the environment that torch's builder finds compiler and ninja in."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    compilers = [os.environ["CXX"]] if os.environ.get("CXX") else ["c++", "g++", "clang++"]
    found = next((each for each in compilers if shutil.which(each, path=path)), None)
    if not found or not shutil.which("ninja", path=path):
        missing = "ninja (`pip install ninja`)" if found else "a C++ compiler (such as g++, or what CXX names)"
        raise UsageError(f"--device {device.NAME} is compiled on its first use, and {missing} is not here")
    return os.environ | {"PATH": path, "CXX": found}


@contextlib.contextmanager
def _folder_beside(built: Path) -> Iterator[Path]:
    try:
        built.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=built.parent)
    except OSError as error:
        why = f"{built.parent} cannot be written to ({error.strerror}), where --device {device.NAME} is compiled"
        raise UsageError(why) from None
    with folder as name:
        yield Path(name)


def _compile(folder: Path, name: str, environment: dict[str, str]) -> Path:
    # subtle: in a process of its own, since torch's builder also loads what it built, before it has its place
    done = subprocess.run(
        [sys.executable, "-c", BUILDER, str(folder), name, *map(str, places.accelerator_sources())],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        first = next((line for line in lines if ": error:" in line or "fatal error" in line), lines[-1])
        raise GraderError(f"the pretended accelerator could not be compiled: {first.strip()}")
    return folder / f"{name}.so"
