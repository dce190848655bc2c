"""Gives each child a control group (cgroup v2) of its own, where this process may make one.

The kernel then holds its memory and its processes to their limits at every moment, with all that it starts, and ends
them together. Elsewhere `watchdog` counts. A group is made beside or below that of this process, where somebody has
delegated that (systemd does so for a user's session, and for services with Delegate=yes) or this is root. Processes of
others are never moved, and no controller is switched on for them.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html, "Delegation" and "No Internal Process Constraint".
"""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import time
from pathlib import Path

from grader.sandbox.parent.limits import MAX_MEMORY, MAX_THREADS

MOUNT = Path("/sys/fs/cgroup")
PREFIX = "pytorch-katas-"
NEEDED = {"memory", "pids"}
LIMITS = {
    "memory.max": str(MAX_MEMORY),
    "memory.swap.max": "0",
    "memory.oom.group": "1",
    "pids.max": str(MAX_THREADS),  # the kernel counts threads
}
SECONDS_TO_EMPTY = 0.5


class ControlGroup:
    """One group, which whoever writes to `members` joins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.members = str(folder / "cgroup.procs")

    def end(self) -> None:
        """Kill all that is in it, and remove it; one that is not empty in time is left to the system."""
        with contextlib.suppress(OSError):
            (self._folder / "cgroup.kill").write_text("1", encoding="ascii")
        deadline = time.monotonic() + SECONDS_TO_EMPTY
        while self._folder.exists() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self._folder.rmdir()
                return
            time.sleep(0.001)


def make() -> ControlGroup | None:
    """Return a new group with its limits set, None where none can be had."""
    parent = place()
    if parent is None:
        return None
    folder = parent / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    try:
        folder.mkdir()
    except OSError:
        return None
    try:
        for name, limit in LIMITS.items():
            if name != "memory.swap.max" or (folder / name).exists():  # not there where swap is not counted
                (folder / name).write_text(limit, encoding="ascii")
    except OSError:
        ControlGroup(folder).end()
        return None
    return ControlGroup(folder)


@functools.cache
def place() -> Path | None:
    """Return the nearest folder, from this process's own group upwards, in which groups can be made and joined."""
    own = _own()
    above = [] if own is None else [own, *own.parents]
    return next((each for each in above if each.is_relative_to(MOUNT) and _offers(each)), None)


def _own() -> Path | None:
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        number, _, path = line.split(":", 2)
        if number == "0":
            return MOUNT / path.lstrip("/")
    return None


def _offers(folder: Path) -> bool:
    controllers = set(_read(folder / "cgroup.subtree_control").split())
    return controllers >= NEEDED and all(os.access(each, os.W_OK) for each in (folder, folder / "cgroup.procs"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
