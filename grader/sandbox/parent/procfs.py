"""Counts what processes use as /proc tells: strictly, though not at every moment (`cgroup` does, where it can)."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.sandbox.parent.limits import MAX_MEMORY
from grader.sandbox.parent.usage import Usage
from grader.units import KB, MB

assert sys.platform == "linux"

BLOCK = 512  # bytes, of st_blocks
PAGE = resource.getpagesize()
CHUNK = 64 * KB

# Places of the fields in /proc/PID/stat, counted from the one after the name.
GROUP, THREADS, RESIDENT = 2, 17, 21
WRITES = ("wchar:", "write_bytes:")  # in /proc/PID/io: by system calls, and to a disk by whatever means
# Memory without a file that processes share, in /proc/PID/maps: addresses, and the number that tells it from others.
SHARED = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) ...s \S+ \S+ (\d+) +/(?:dev/zero|memfd:|SYSV)", re.MULTILINE)
SUSPICIOUS = 256 * MB  # more shared memory on this machine than before: then it is looked whose it is

Stats = dict[int, list[str]]


class Census:
    """Remembers between two countings what would not show in the next one: the dead, and what nobody maps in full."""

    def __init__(self) -> None:
        self._written: dict[int, dict[int, int]] = {}  # leader → process → the most that it ever said
        self._shared: dict[str, int] = {}  # number → the most bytes that were ever mapped at once
        self._shared_before = _shared_on_this_machine()

    def count(self, leaders: Iterable[int]) -> Usage:
        """Return what the process groups of these leaders use."""
        leaders = set(leaders)
        members = {pid: fields for pid, fields in _stats() if int(fields[GROUP]) in leaders}
        return Usage(
            len(members),
            sum(int(fields[THREADS]) for fields in members.values()),
            max(_memory(members), self._shared_memory(members)),
            self._all_written(leaders, members),
            _held_without_a_name(members),
        )

    def _shared_memory(self, members: Iterable[int]) -> int:
        """Return the bytes of memory that these processes share; it may be resident in none of them."""
        if _shared_on_this_machine() - self._shared_before < SUSPICIOUS:
            return 0
        seen: dict[str, int] = {}
        for pid in members:
            for first, end, number in SHARED.findall(_read(f"/proc/{pid}", "maps")):
                seen[number] = max(seen.get(number, 0), int(end, 16) - int(first, 16))
        self._shared = {number: max(now, self._shared.get(number, 0)) for number, now in seen.items()}
        return sum(self._shared.values())

    def _all_written(self, leaders: Iterable[int], members: Stats) -> int:
        self._written = {leader: self._written.get(leader, {}) for leader in leaders}
        for pid, fields in members.items():
            said = self._written[int(fields[GROUP])]
            said[pid] = max(_written_by(pid), said.get(pid, 0))
        return sum(sum(said.values()) for said in self._written.values())


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Yield of each process its id, and the fields of /proc/PID/stat after the name: state, parent, group and so on."""
    if not Path("/proc/self/stat").exists():
        return
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            text = _read(entry.path, "stat")
            if text:
                yield int(entry.name), text.rpartition(")")[2].split()


def _read(folder: str, name: str) -> str:
    """Return what a file of /proc holds; nothing where the process is gone."""
    try:  # by hand: hundreds of these are read at each look
        handle = os.open(f"{folder}/{name}", os.O_RDONLY)
    except OSError:
        return ""
    try:
        return b"".join(iter(lambda: os.read(handle, CHUNK), b"")).decode(errors="replace")
    except OSError:
        return ""
    finally:
        os.close(handle)


def _memory(members: Stats) -> int:
    """Return the bytes that these processes take together: what they share is counted once.

    What they show as their own is more than they take, since each shows all that it shares with the zygote. Only where
    that could be too much is it counted exactly, for that takes milliseconds for each process.
    """
    shown = sum(int(fields[RESIDENT]) for fields in members.values()) * PAGE
    return sum(map(_proportional, members)) if shown > MAX_MEMORY else shown


def _shared_on_this_machine() -> int:
    found = re.search(r"^Shmem: +(\d+) kB", _read("/proc", "meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _proportional(pid: int) -> int:
    """Return the proportional set size of a process; all that it shows where the system does not say."""
    found = re.search(r"^Pss: +(\d+) kB", _read(f"/proc/{pid}", "smaps_rollup"), re.MULTILINE)
    if found:
        return int(found[1]) * 1024
    return int((_read(f"/proc/{pid}", "statm").split() or ["0", "0"])[1]) * PAGE


def _written_by(pid: int) -> int:
    """Return the bytes that a process has written, to files, pipes and its channel."""
    counted = dict(line.split() for line in _read(f"/proc/{pid}", "io").splitlines())
    return max((int(counted.get(name, 0)) for name in WRITES), default=0)


def _held_without_a_name(members: Iterable[int]) -> int:
    """Return the bytes of disk that deleted files take as long as somebody has them open."""
    found: dict[tuple[int, int], int] = {}
    for pid in members:
        with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as handles:
            for handle in handles:
                with contextlib.suppress(OSError):
                    what = os.stat(handle.path)
                    if stat.S_ISREG(what.st_mode) and what.st_nlink == 0:
                        found[what.st_dev, what.st_ino] = what.st_blocks * BLOCK
    return sum(found.values())
