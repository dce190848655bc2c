"""Reads files that somebody else may have put there: opened once, never waited for, never more than can be wanted."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from grader.units import MB, size

MAX_BYTES = MB  # no exercise is larger
# What the shell hands over in place of a file: `--file /dev/stdin`, `--file <(command)`.
HANDED_OVER = re.compile(r"/dev/stdin|/dev/fd/\d+|/proc/self/fd/\d+")

HELD_SECONDS = (0.02, 0.1, 0.4, 1.0)

Result = TypeVar("Result")


class Unfit(OSError):
    """What lies there is not a file that can be read; the text says what it is."""


def read(path: Path, *, follow_links: bool = True, most: int = MAX_BYTES) -> bytes:
    """Return what a regular file holds, or what the shell handed over; raise OSError for anything else.

    Without `follow_links`, a link is refused as well: whoever made it could let it lead to anybody's file.
    """
    # subtle: without O_NONBLOCK, opening a pipe that nobody writes to waits for ever
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags if follow_links else flags | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if error.errno == errno.ELOOP:
            why = "is a link that leads to itself" if follow_links else "is a link; links are not followed here"
            raise Unfit(error.errno, why) from None
        raise
    try:
        _refuse_what_is_no_file(path, handle, follow_links)
        return _all_of(handle, most)
    finally:
        os.close(handle)


def _refuse_what_is_no_file(path: Path, handle: int, follow_links: bool) -> None:
    mode = os.fstat(handle).st_mode
    if stat.S_ISDIR(mode):
        raise Unfit(errno.EISDIR, "is a folder, not a file")
    if not stat.S_ISREG(mode):
        if not (follow_links and HANDED_OVER.fullmatch(str(path))):
            raise Unfit(errno.EINVAL, "is a pipe or a device, not a file")
        if sys.platform != "win32":
            os.set_blocking(handle, True)


def _all_of(handle: int, most: int) -> bytes:
    data = b""
    while len(data) <= most and (chunk := os.read(handle, most + 1 - len(data))):
        data += chunk
    if len(data) > most:
        raise Unfit(errno.EFBIG, f"holds more than {size(most)}, which is too much")
    return data


def patiently(change: Callable[[], Result]) -> Result:
    """Change a file, and on Windows try again where somebody holds it for a moment: a virus scanner, an editor."""
    for pause in HELD_SECONDS if sys.platform == "win32" else ():
        with contextlib.suppress(PermissionError):
            return change()
        time.sleep(pause)
    return change()


def text_hash(data: bytes) -> str:
    """Return what identifies a text, however its lines end: git may end them otherwise in another checkout."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def shown(path: Path | str) -> str:
    """Return a path as text that any file or terminal can hold, whatever bytes its name has."""
    return os.fsencode(path).decode("utf-8", errors="replace")
