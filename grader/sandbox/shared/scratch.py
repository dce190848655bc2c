"""Removes a scratch folder, whatever a submission left there: folders too deep for recursion, closed ones, links.

Nothing is followed and no path is trusted: everything is done relative to open folders, so that a process
that is still dying cannot put a link in the place of what is removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator

ALONE = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def remove(folder: str) -> bool:
    """Remove the folder with all that is in it; return whether it is gone."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # most are empty
        return True
    with contextlib.suppress(OSError):
        _empty(folder)
        os.rmdir(folder)
    return not os.path.lexists(folder)


def clear(folder: str, keep: str) -> None:
    """Remove what is in the folder but the file `keep`, as far as it can be removed."""
    with contextlib.suppress(OSError):
        _empty(folder, keep)


def _empty(folder: str, keep: str = "") -> None:
    """Move what is in each folder one level up before it is removed, so that nothing is ever deep."""
    root = os.open(folder, os.O_RDONLY | ALONE)
    mark, moved = secrets.token_hex(4), 0
    try:
        waiting = _without_files(root, keep)
        while waiting:
            name = waiting.pop()
            with contextlib.suppress(OSError), _opened(root, name) as inner:
                for each in _without_files(inner):
                    moved += 1
                    os.rename(each, f"{mark}-{moved}", src_dir_fd=inner, dst_dir_fd=root)
                    waiting.append(f"{mark}-{moved}")
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=root)
    finally:
        os.close(root)


@contextlib.contextmanager
def _opened(root: int, name: str) -> Iterator[int]:
    """Yield a descriptor of a folder in `root` that may be read and written, whatever mode it was made with."""
    try:
        inner = os.open(name, os.O_RDONLY | ALONE, dir_fd=root)
    except PermissionError:
        place = os.open(name, os.O_PATH | ALONE, dir_fd=root)
        try:
            os.chmod(f"/proc/self/fd/{place}", 0o700)
        finally:
            os.close(place)
        inner = os.open(name, os.O_RDONLY | ALONE, dir_fd=root)
    try:
        os.fchmod(inner, 0o700)
        yield inner
    finally:
        os.close(inner)


def _without_files(folder: int, keep: str = "") -> list[str]:
    """Delete everything in an open folder but the folders and the file `keep`; return the folders' names."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.name != keep:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders
