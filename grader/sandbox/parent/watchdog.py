"""Counts what a child and its offspring use while a call takes long; limits that rlimits cannot set."""

from __future__ import annotations

import os
import resource
from collections.abc import Collection, Iterator
from pathlib import Path

from grader.units import GB, MB, size

MAX_PROCESSES = 32
MAX_THREADS = 256
MAX_RESIDENT_BYTES = 4 * GB
MAX_WRITTEN_BYTES = 512 * MB
SHARED_BYTES = 512 * MB  # what each process shows as its own but shares with the zygote: torch itself

# Places of the fields in /proc/PID/stat, counted from the one after the name.
GROUP, THREADS, RESIDENT = 2, 17, 21
WRITES = ("wchar:", "write_bytes:")  # in /proc/PID/io: by system calls, and to a disk by whatever means


class Excess(Exception):
    """A submission used more than its share; the text says of what."""


def look(leaders: Collection[int]) -> None:
    """Raise Excess where the leaders' process groups, together, use too much; a system without /proc tells nothing."""
    members = {pid: stat for pid, stat in _stats() if int(stat[GROUP]) in leaders}
    threads = sum(int(stat[THREADS]) for stat in members.values())
    resident = sum(int(stat[RESIDENT]) for stat in members.values()) * resource.getpagesize()
    written = sum(map(_written, members))
    if len(members) > MAX_PROCESSES:
        raise Excess(f"it started {len(members)} processes; {MAX_PROCESSES} are allowed")
    if threads > MAX_THREADS:
        raise Excess(f"it started {threads} threads; {MAX_THREADS} are allowed")
    if written > MAX_WRITTEN_BYTES:
        raise Excess(f"it wrote {size(written)}; {size(MAX_WRITTEN_BYTES)} are allowed")
    if resident > MAX_RESIDENT_BYTES + len(members) * SHARED_BYTES:
        raise Excess(f"it took {size(resident)} of memory; {size(MAX_RESIDENT_BYTES)} are allowed")


def _written(pid: int) -> int:
    """Return the bytes that a process has written, to files, pipes and its channel; files without a name count, too."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    counted = dict(line.split() for line in lines)
    return max(int(counted.get(name, 0)) for name in WRITES)


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Yield of each process its id, and the fields of /proc/PID/stat after the name: state, parent, group and so on."""
    if not Path("/proc/self/stat").exists():
        return
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            yield int(entry.name), text.rpartition(")")[2].split()
