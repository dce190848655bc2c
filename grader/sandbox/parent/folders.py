"""How much lies in a scratch folder; nothing in it is followed, whoever changes it meanwhile."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator

from grader.sandbox.parent.limits import MAX_DEPTH, MAX_ENTRIES, Excess

ALONE = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
BLOCK = 512  # bytes, of st_blocks


def held_in(folder: str) -> int:
    """Return the bytes of disk that a scratch folder takes; raise Excess where its removal would take long."""
    left, taken = MAX_ENTRIES, 0
    with contextlib.suppress(OSError):
        for taken_by_one in _sizes(folder):
            left -= 1
            taken += taken_by_one
            if left < 0:
                raise Excess(f"it made more than {MAX_ENTRIES:,} files, folders and links")
    return taken


def _sizes(folder: str) -> Iterator[int]:
    if sys.platform == "win32":  # knows no way to look relative to an open folder, and counts no blocks
        yield from (found.st_size for found in _by_path(folder, 0))
    else:
        yield from (found.st_blocks * BLOCK for found in _relative(_opened(folder), 0))


def _relative(folder: int, depth: int) -> Iterator[os.stat_result]:
    """Yield what lies in an open folder, at any depth; the folder is closed."""
    try:
        _refuse_depth(depth)
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    yield (found := entry.stat(follow_symlinks=False))
                    if stat.S_ISDIR(found.st_mode):
                        yield from _relative(_opened(entry.name, folder), depth + 1)
    finally:
        os.close(folder)


def _opened(name: str, folder: int | None = None) -> int:
    return os.open(name, os.O_RDONLY | ALONE, dir_fd=folder)


def _by_path(folder: str, depth: int) -> Iterator[os.stat_result]:
    """Yield what lies in a folder, at any depth, where the system has links of other kinds than POSIX."""
    _refuse_depth(depth)
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                yield (found := entry.stat(follow_symlinks=False))
                if stat.S_ISDIR(found.st_mode) and not getattr(found, "st_reparse_tag", 0):
                    yield from _by_path(entry.path, depth + 1)


def _refuse_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Excess(f"it nested folders more than {MAX_DEPTH} deep")
