"""Counts what a child and its offspring use while a call takes long; limits that rlimits cannot set."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

MAX_PROCESSES = 32
MAX_THREADS = 256
MAX_RESIDENT_BYTES = 4 * 2**30
SHARED_BYTES = 512 * 2**20  # what each process shows as its own but shares with the zygote: torch itself

# Places of the fields in /proc/PID/stat, counted from the one after the name.
GROUP, THREADS, RESIDENT = 2, 17, 21


class Excess(Exception):
    """A submission used more than its share; the text says of what."""


def look(leader: int) -> None:
    """Raise Excess where the leader's process group has grown too large; a system without /proc tells nothing."""
    members = [stat for stat in _stats() if int(stat[GROUP]) == leader]
    threads = sum(int(stat[THREADS]) for stat in members)
    resident = sum(int(stat[RESIDENT]) for stat in members) * resource.getpagesize()
    if len(members) > MAX_PROCESSES:
        raise Excess(f"it started {len(members)} processes; {MAX_PROCESSES} are allowed")
    if threads > MAX_THREADS:
        raise Excess(f"it started {threads} threads; {MAX_THREADS} are allowed")
    if resident > MAX_RESIDENT_BYTES + len(members) * SHARED_BYTES:
        raise Excess(f"it took {resident / 2**30:.1f} GB of memory; {MAX_RESIDENT_BYTES // 2**30} GB are allowed")


def _stats() -> Iterator[list[str]]:
    """Yield the fields of /proc/PID/stat that follow the name: state, parent, group and so on."""
    if not Path("/proc/self/stat").exists():
        return
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            yield text.rpartition(")")[2].split()
