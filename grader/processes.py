"""Which processes belong together and how much memory they take, as Linux tells it."""

from __future__ import annotations

import re
from pathlib import Path


def family(root: int) -> set[int]:
    """Return a process and all that it and they have started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(fields[1])
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
