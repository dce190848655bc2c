"""Looks at this machine: what is installed, which devices there are, and how much isolation is available."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version
from rich.console import Console

from grader.catalogue import places
from grader.errors import GraderError, UsageError
from grader.record.database import Condition
from grader.record.progress import Progress
from grader.surroundings import surroundings
from grader.units import MB, size

OLDEST_PYTHON = (3, 11)
INSTALL = "python -m pip install -c constraints.txt -e ."
# What is imported under another name than it is installed by.
MODULES = {"opencv-python": "cv2", "pytorch-ignite": "ignite", "tensorboardx": "tensorboardX"}
GAMES = ("breakout", "air_raid", "pong")
SIGNS = "✓✗○●·…~→"
COLUMNS = 80
NVIDIA = Path("/dev/nvidia0")
NEEDED_MEMORY = 768 * MB  # measured: exercise 33 in a container of that size


class Health(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do if something is wrong with it."""

    what: str
    health: Health
    said: str
    todo: str = ""

    @property
    def broken(self) -> bool:
        """Whether some or all of the exercises cannot be graded until this is fixed."""
        return self.health is Health.BROKEN


def examine(console: Console, database: Path | None = None) -> list[Finding]:
    """Look at everything; this takes a few seconds, because it loads torch and starts a sandbox."""
    packages = list(_packages())
    found = [_python(), *packages]
    if any(each.what == "torch" and not each.broken for each in packages):
        found += [_torchvision(), *_devices(), _isolation(), _memory()]
    return [*found, _roms(), _terminal(console), *_folder(), *_kept(database)]


def _python() -> Finding:
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", Health.BROKEN, said, "install Python 3.11 or newer")
    return Finding("Python", Health.OK, said)


def _packages() -> Iterator[Finding]:
    """Look at each package that the grader needs on this system."""
    for needed in requirements():
        try:
            version = importlib.metadata.version(needed.name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(needed.name, Health.BROKEN, f"not installed; {needed.specifier} is needed", _install(needed))
            continue
        if _is_new_enough(version, needed):
            yield _imported(needed.name, version)
        else:
            said = f"{version} is installed; {needed.specifier} is needed"
            yield Finding(needed.name, Health.BROKEN, said, _install(needed))


def _as_it_calls_itself(needed: Requirement) -> Requirement:
    """Give a package its own name: some builders write every name in lower case."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        needed.name = importlib.metadata.metadata(needed.name)["Name"]
    return needed


def _install(needed: Requirement) -> str:
    """Return what installs a package here; in a checkout, all of them."""
    return INSTALL if places.in_checkout() else f'python -m pip install "{needed.name}{needed.specifier}"'


def _is_new_enough(version: str, needed: Requirement) -> bool:
    """Return whether a version will do; what comes before a release of that number will, as vendors ship it."""
    try:
        return needed.specifier.contains(Version(version).base_version)
    except InvalidVersion:
        return False


def requirements() -> list[Requirement]:
    """Return all that is needed here, as the installed package states it, or else the checkout."""
    try:
        lines = importlib.metadata.requires("pytorch-katas") or []
    except importlib.metadata.PackageNotFoundError:
        with (places.checkout() / "pyproject.toml").open("rb") as file:
            lines = tomllib.load(file)["project"]["dependencies"]
    needed = map(_as_it_calls_itself, map(Requirement, lines))
    return [each for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]


def _imported(name: str, version: str) -> Finding:
    """Look whether a package that is installed can be imported too: some need libraries that pip does not bring."""
    try:
        if name == "torchvision":
            importlib.import_module("grader.torchvision_cpu")
        if name != "pyseccomp":  # tells nothing here: what it needs is looked at with the isolation
            importlib.import_module(MODULES.get(name.lower(), name.replace("-", "_")))
    except Exception as error:
        said = f"{version} does not import: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return Finding(name, Health.BROKEN, said, _mend(name, str(error)))
    return Finding(name, Health.OK, version)


def _mend(name: str, said: str) -> str:
    library = re.match(r"(lib[\w.+-]+\.so[\w.]*): cannot open", said)
    if library:
        return f"install the system package that brings {library[1]} (for libGL.so.1 on Debian and Ubuntu: libgl1)"
    return f"{INSTALL} --force-reinstall" if places.in_checkout() else f"python -m pip install --force-reinstall {name}"


def _torchvision() -> Finding:
    from grader import torchvision_cpu

    what = "torchvision's operators"
    if torchvision_cpu.DECLARED is None:
        return Finding(what, Health.OK, "they load with this torch")
    said = "built for CUDA, but this torch is a CPU build: a plain `import torchvision` fails here"
    return Finding(what, Health.WARNING, said, "nothing: the exercises import grader.torchvision_cpu first")


def _devices() -> Iterator[Finding]:
    import torch

    yield Finding("cpu", Health.OK, f"{_processor()}, {torch.get_num_threads()} threads")
    yield _cuda()
    there = torch.backends.mps.is_available()
    name = _processor() if there else "none here, and `--device mps` says so"
    yield Finding("mps", Health.OK, name)


def _processor() -> str:
    """Return the processor's name as its maker writes it, where the system tells."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        if sys.platform == "darwin":
            asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
        named = re.search(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(errors="replace"), re.MULTILINE)
        if named:
            return named[1].strip()
    return platform.processor() or platform.machine()


def _cuda() -> Finding:
    import torch

    if torch.cuda.is_available():
        return _cuda_computes()
    if not NVIDIA.exists():
        return Finding("cuda", Health.OK, "none here, and `--device cuda` says so")
    if torch.version.cuda is None:
        todo = "for `--device cuda`: install a CUDA build of torch, see pytorch.org/get-started/locally"
        return Finding("cuda", Health.WARNING, "there is a GPU, but this torch is built for the CPU only", todo)
    said = f"there is a GPU, but torch for CUDA {torch.version.cuda} cannot use it"
    return Finding("cuda", Health.WARNING, said, "for `--device cuda`: run `nvidia-smi`; the driver may be too old")


def _cuda_computes() -> Finding:
    """Look whether each GPU does what it is told: one that is too old or too new is found, and then refuses."""
    import torch

    try:
        names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        for index in range(len(names)):
            (torch.ones(2, device=f"cuda:{index}") + 1).cpu()
    except RuntimeError as error:
        todo = "for `--device cuda`: install a build of torch for this GPU, see pytorch.org/get-started/locally"
        return Finding("cuda", Health.WARNING, f"found, but fails: {str(error).splitlines()[0]}", todo)
    return Finding("cuda", Health.OK, f"{', '.join(names)} (CUDA {torch.version.cuda})")


def _isolation() -> Finding:
    try:
        in_force = _in_force()
    except (GraderError, OSError) as error:
        return Finding("isolation", Health.BROKEN, str(error), "report this with the output of this command")
    said, todo = ", ".join(in_force) or "a process of its own", ""
    if sys.platform != "linux":
        return Finding("isolation", Health.WARNING, said, "to grade other people's code, use Linux, which isolates it")
    said += "" if "cgroup" in in_force else "; no cgroup v2 of its own: the grader counts memory and processes itself"
    if "seccomp" not in in_force:
        todo = "install libseccomp (on Debian and Ubuntu: libseccomp2)"
    elif lacking := [part for part in in_force if part.startswith("seccomp lacks")]:
        todo = f"{lacking[0]}: code that needs these calls is refused; a newer libseccomp knows them"
    elif not any(part.startswith("landlock") for part in in_force):
        todo = "files are not shielded; a kernel of 5.13 or newer, with Landlock switched on, shields them"
    return Finding("isolation", Health.WARNING if todo else Health.OK, said, todo)


def _memory() -> Finding:
    """Look whether there is memory enough; a container may have less than the machine."""
    from grader.sandbox.parent import memory

    what, free = "memory", memory.free()
    if free is None:
        return Finding(what, Health.OK, "this system does not say how much is free")
    if free < NEEDED_MEMORY:
        todo = f"some exercises take {size(NEEDED_MEMORY)}: give the container more, or close other programs"
        return Finding(what, Health.WARNING, f"{size(free)} free", todo)
    return Finding(what, Health.OK, f"{size(free)} free")


def _in_force() -> tuple[str, ...]:
    """Start a sandbox and return the protections that it reports."""
    from grader.sandbox.parent import launch
    from grader.sandbox.parent.client import Child
    from grader.sandbox.shared.policy import Policy

    with contextlib.closing(launch.start("cpu")) as launcher:
        child = Child(launcher, Policy(""))
        child.hello()
        in_force = tuple(child.in_force or ())
        child.close()
    return in_force


def _roms() -> Finding:
    what = "Atari games"
    try:
        roms = importlib.import_module("ale_py.roms")
        with contextlib.redirect_stdout(None):  # it prints where it looks
            missing = [game for game in GAMES if roms.get_rom_path(game) is None]
    except ImportError:
        return Finding(what, Health.BROKEN, "they come with ale-py", _install(Requirement("ale-py")))
    except OSError as error:
        said, missing = str(error).partition("\n")[0], list(GAMES)
    else:
        said = f"{', '.join(GAMES)}: they come with ale-py"
    if not missing:
        return Finding(what, Health.OK, said)
    elsewhere = "unset ALE_ROMS_DIR, or " if os.environ.get("ALE_ROMS_DIR") else ""
    return Finding(what, Health.BROKEN, said, f"{elsewhere}python -m pip install --force-reinstall ale-py")


def _terminal(console: Console) -> Finding:
    what, encoding = "terminal", console.encoding
    colours = f"{console.color_system} colours" if console.color_system else "no colours"
    size = f"{console.width} columns, {colours}" if console.is_terminal else "none; plain text is printed"
    said, todo = f"{size}, {encoding}", ""
    if not _holds_signs(encoding):
        todo = "signs (tick, cross, circle) show as ?: use a UTF-8 locale (LANG=C.UTF-8) or PYTHONIOENCODING=utf-8"
    elif console.is_terminal and console.is_dumb_terminal:
        todo = "`watch` cannot draw here: use another terminal for it, or set TERM to match this one"
    elif console.is_terminal and console.width < COLUMNS:
        todo = f"make the window {COLUMNS} columns wide, so that tables fit"
    return Finding(what, Health.WARNING if todo else Health.OK, said, todo)


def _holds_signs(encoding: str) -> bool:
    try:
        SIGNS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _folder() -> Iterator[Finding]:
    """Look at what there is to know of this kind of machine, and of what the current folder lies on."""
    for each in surroundings(places.here(), os.environ):
        yield Finding(each.what, Health.WARNING if each.todo else Health.OK, each.said, each.todo)


def _kept(database: Path | None) -> Iterator[Finding]:
    """Look at the learner's record; outside of any workspace there is none, and the installation can be looked at."""
    try:
        path = database or places.workspace().database
    except UsageError as error:
        yield Finding("workspace", Health.OK, str(error))
    else:
        yield _progress(path)


def _progress(path: Path) -> Finding:
    todo = {
        Condition.DAMAGED: "nothing: the next grading sets the file aside, keeps it, and starts a new one",
        Condition.NEWER: "install the newest version (in a checkout: git pull); until then progress is not kept",
        Condition.UNREADABLE: f"check who may read {path}",
        Condition.UNWRITABLE: f"progress is not kept: check who may write to {path.parent}",
    }
    condition = Progress(path).condition()
    health = Health.WARNING if condition in todo else Health.OK
    return Finding("progress", health, f"{condition}: {path}", todo.get(condition, ""))
