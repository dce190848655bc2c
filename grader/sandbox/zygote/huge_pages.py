"""Moves what a process holds in memory into huge pages, bit by bit, so that its forks begin and end sooner.

A fork copies an entry for each page of 4 KB, and its end goes through them all again: 40,000 once torch is loaded, and
a hundred where the pages are huge.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

HUGE = 1 << 21  # bytes
MADV_COLLAPSE = 25  # Linux 6.1 and later; source https://man7.org/linux/man-pages/man2/madvise.2.html

_libc = ctypes.CDLL(None, use_errno=True)


class HugePages:
    """Knows what is still to be moved; whoever asked for it calls `move_some` when there is nothing else to do."""

    def __init__(self) -> None:
        self._left: list[int] = []

    def look(self) -> None:
        """Note which memory of this process's own there is by now."""
        self._left = list(_places())

    @property
    def wanted(self) -> bool:
        """Whether there is something left to move."""
        return bool(self._left)

    def move_some(self) -> None:
        """Move 2 MB, which takes milliseconds. A kernel that cannot leaves everything as it is."""
        if self._left:
            _libc.madvise(ctypes.c_void_p(self._left.pop()), ctypes.c_size_t(HUGE), MADV_COLLAPSE)


def _places() -> Iterator[int]:
    """Yield where 2 MB can lie together, in memory that is no file's."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and name in ([], ["[heap]"]):
            first, end = (int(each, 16) for each in span.split("-"))
            yield from range(-(-first // HUGE) * HUGE, end // HUGE * HUGE, HUGE)
