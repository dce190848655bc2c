"""Counts what the children of one submission, with all that they start, use while a call takes long.

For what no limit of a single process holds: memory, disk, processes and threads of all of them together. Counted as
strictly as Linux allows without a cgroup (`cgroup` makes one where it can); a system without /proc tells nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from grader.units import GB, KB, MB, size

MAX_PROCESSES = 32
MAX_THREADS = 256
MAX_MEMORY = 4 * GB
MAX_WRITTEN = 512 * MB  # by all means: system calls, memory maps, blocks taken without writing
MAX_ENTRIES = 10_000  # files, folders and links in a scratch folder: their removal takes time
MAX_DEPTH = 64  # of folders in folders
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


class Excess(Exception):
    """A submission used more than its share; the text says of what."""


class Watchdog:
    """Remembers between two looks what would not show in the next one: the dead, and what nobody maps in full."""

    def __init__(self) -> None:
        self._written: dict[int, dict[int, int]] = {}  # leader → process → the most that it ever said
        self._shared: dict[str, int] = {}  # number → the most bytes that were ever mapped at once
        self._shared_before = _shared_on_this_machine()

    def look(self, leaders: Mapping[int, str]) -> None:
        """Raise Excess where the process groups of these leaders, each with its scratch folder, use too much."""
        members = {pid: fields for pid, fields in _stats() if int(fields[GROUP]) in leaders}
        if len(members) > MAX_PROCESSES:
            raise Excess(f"it started {len(members)} processes; {MAX_PROCESSES} are allowed")
        threads = sum(int(fields[THREADS]) for fields in members.values())
        if threads > MAX_THREADS:
            raise Excess(f"it started {threads} threads; {MAX_THREADS} are allowed")
        if (memory := max(_memory(members), self._shared_memory(members))) > MAX_MEMORY:
            raise Excess(f"it took {size(memory)} of memory; {size(MAX_MEMORY)} are allowed")
        self._look_at_disk(leaders, members)

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

    def _look_at_disk(self, leaders: Mapping[int, str], members: Stats) -> None:
        self._written = {leader: self._written.get(leader, {}) for leader in leaders}
        for pid, fields in members.items():
            said = self._written[int(fields[GROUP])]
            said[pid] = max(_written_by(pid), said.get(pid, 0))
        written = sum(sum(said.values()) for said in self._written.values())
        held = sum(map(_held_in, leaders.values())) + _held_without_a_name(members)
        if (most := max(written, held)) > MAX_WRITTEN:
            raise Excess(f"it wrote {size(most)}; {size(MAX_WRITTEN)} are allowed")


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


def _held_in(folder: str) -> int:
    """Return the bytes of disk that a scratch folder takes; raise Excess where its removal would take long."""
    left, taken = MAX_ENTRIES, 0
    with contextlib.suppress(OSError):
        for found in _entries(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW), 0):
            left -= 1
            taken += found.st_blocks * BLOCK
            if left < 0:
                raise Excess(f"it made more than {MAX_ENTRIES:,} files, folders and links")
    return taken


def _entries(folder: int, depth: int) -> Iterator[os.stat_result]:
    """Yield what lies in an open folder, at any depth; the folder is closed. Nothing is followed."""
    if depth > MAX_DEPTH:
        os.close(folder)
        raise Excess(f"it nested folders more than {MAX_DEPTH} deep")
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    yield (found := entry.stat(follow_symlinks=False))
                    if stat.S_ISDIR(found.st_mode):
                        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                        yield from _entries(os.open(entry.name, flags, dir_fd=folder), depth + 1)
    finally:
        os.close(folder)


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
