"""Removes a scratch folder, whatever a submission left there: folders too deep for recursion, closed ones, links.

Nothing is followed and no path is trusted: everything is done relative to open folders, so that a process
that is still dying cannot put a link in the place of what is removed. (Windows knows no such way; there, links are told
by looking, after all processes have ended.) Nobody waits for what takes long: a process of its own does it, which is
this file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

ALONE = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
AT_ONCE = 200  # entries that are removed while somebody waits
HELD_SECONDS = (0.0, 0.02, 0.1, 0.4)  # by a virus scanner, say, before it is tried once more
PATIENCE_SECONDS = 60.0  # with processes that are still dying, and write

_removers: list[subprocess.Popen[bytes]] = []


class _TooMany(Exception):
    """There is more in the folder than is removed at once."""


def remove(folder: str) -> None:
    """Remove the folder with all that is in it: at once where that is little, else without anybody waiting for it."""
    if not _removed(folder, AT_ONCE):
        _removers[:] = [each for each in _removers if each.poll() is None]
        with contextlib.suppress(OSError):  # where no process can be had, it stays until the system cleans up
            _removers.append(
                subprocess.Popen(
                    [sys.executable, "-I", "-S", __file__, folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, close_fds=True, start_new_session=True, cwd=os.path.abspath(os.sep),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            )  # fmt: skip


def clear(folder: str, keep: str) -> bool:
    """Remove what is in the folder but the file `keep`; return whether it was little enough for somebody to wait.

    Processes that go on writing would otherwise keep whoever waits for as long as they like.
    """
    with contextlib.suppress(OSError, _TooMany):
        _empty(folder, keep, AT_ONCE)
        return True
    return False


def _removed(folder: str, most: int | None = None) -> bool:
    """Return whether the folder is gone, of which no more than so many entries are removed."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # most are empty
        return True
    with contextlib.suppress(OSError, _TooMany):
        _empty(folder, most=most)
        os.rmdir(folder)
    return not os.path.lexists(folder)


def _empty(folder: str, keep: str = "", most: int | None = None) -> None:
    """Remove all that is in a folder but the file `keep`; raise _TooMany after so many entries."""
    left = _Left(most)
    if sys.platform == "win32":
        _empty_by_path(folder, left, keep)
    else:
        _empty_relative(folder, left, keep)


def _empty_by_path(folder: str, left: _Left, keep: str = "") -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            left.one_less()
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and not getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0):
                _empty_by_path(entry.path, left)
            if entry.name != keep:
                _remove_by_path(entry.path, os.rmdir if is_folder else os.unlink)


def _remove_by_path(path: str, remover: Callable[[str], None]) -> None:
    """Remove an entry, also one that may only be read; whoever looks at it may hold it for a moment."""
    for pause in HELD_SECONDS:
        with contextlib.suppress(OSError):
            remover(path)
            return
        with contextlib.suppress(OSError):
            os.chmod(path, 0o700)
        time.sleep(pause)


def _empty_relative(folder: str, left: _Left, keep: str) -> None:
    """Move what is in each folder one level up before it is removed, so that nothing is ever deep."""
    root = os.open(folder, os.O_RDONLY | ALONE)
    mark, moved = secrets.token_hex(4), 0
    try:
        waiting = _without_files(root, left, keep)
        while waiting:
            name = waiting.pop()
            with contextlib.suppress(OSError), _opened(root, name) as inner:
                for each in _without_files(inner, left):
                    moved += 1
                    os.rename(each, f"{mark}-{moved}", src_dir_fd=inner, dst_dir_fd=root)
                    waiting.append(f"{mark}-{moved}")
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=root)
    finally:
        os.close(root)


class _Left:
    """Counts down how many more entries may be removed; None for any number."""

    def __init__(self, most: int | None) -> None:
        self._most = most

    def one_less(self) -> None:
        """Count one; raise _TooMany where it is one too many."""
        if self._most is not None:
            self._most -= 1
            if self._most < 0:
                raise _TooMany


@contextlib.contextmanager
def _opened(root: int, name: str) -> Iterator[int]:
    """Yield a descriptor of a folder in `root` that may be read and written, whatever mode it was made with."""
    try:
        inner = os.open(name, os.O_RDONLY | ALONE, dir_fd=root)
    except PermissionError:
        _unlock(root, name)
        inner = os.open(name, os.O_RDONLY | ALONE, dir_fd=root)
    try:
        if sys.platform != "win32":
            os.fchmod(inner, 0o700)
        yield inner
    finally:
        os.close(inner)


def _unlock(root: int, name: str) -> None:
    """Let the owner into a folder, and not through a link."""
    if sys.platform != "linux":
        os.chmod(name, 0o700, dir_fd=root, follow_symlinks=False)
        return
    # subtle: Linux cannot change the mode of what is not followed, but of what is open
    place = os.open(name, os.O_PATH | ALONE, dir_fd=root)
    try:
        os.chmod(f"/proc/self/fd/{place}", 0o700)
    finally:
        os.close(place)


def _without_files(folder: int, left: _Left, keep: str = "") -> list[str]:
    """Delete everything in an open folder but the folders and the file `keep`; return the folders' names."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            left.one_less()
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.name != keep:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders


def _until_gone(folder: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not _removed(folder) and time.monotonic() < end:
        time.sleep(0.05)


if __name__ == "__main__":
    _until_gone(sys.argv[1])
