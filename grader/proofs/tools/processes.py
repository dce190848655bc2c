"""Which processes belong together and how much memory they take, as Linux tells it."""

from __future__ import annotations

import re
from pathlib import Path


def running() -> dict[int, tuple[str, int]]:
    """Return the state (a letter, as `ps` has it) and the parent of every process."""
    found: dict[int, tuple[str, int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        found[int(entry.parent.name)] = (state, int(parent))
    return found


def children(parents: set[int]) -> set[int]:
    """Return the processes whose parent is one of these; the dead that nobody has buried yet do not count."""
    return {pid for pid, (state, parent) in running().items() if parent in parents and state not in "ZX"}


def family(root: int) -> set[int]:
    """Return a process and all that it and they have started."""
    parents = {pid: parent for pid, (_, parent) in running().items()}
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def proportional_memory(pid: int) -> int:
    """Return the proportional set size of a process in bytes: what it shares is counted in shares."""
    try:
        found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
