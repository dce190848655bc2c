"""The text that is graded: opened once, safely, and read once, so that what is hashed is what runs."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError
from grader.units import MB, size

MAX_BYTES = MB
# What the shell hands over in place of a file: `--file /dev/stdin`, `--file <(command)`.
HANDED_OVER = re.compile(r"/dev/stdin|/dev/fd/\d+|/proc/self/fd/\d+")


@dataclass(frozen=True)
class Source:
    """A submission: where it was read, its text, and the hash of its bytes."""

    path: Path
    text: str
    sha256: str


def read_source(path: Path, *, follow_links: bool = True) -> Source:
    """Read the file that is to be graded; raise UsageError, in one line, for what no submission can be.

    With `follow_links` false, a link is refused: whoever wrote a submission could let it lead to anybody's file.
    """
    try:
        data = _read(path, follow_links)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(f"{path} is not UTF-8 text: the first byte that does not fit is on line {line}") from None
    except OSError as error:
        raise UsageError(f"{path} {_why_not(error)}") from None
    if not text.strip():
        raise UsageError(f"{path} is empty")
    return Source(path, text, hashlib.sha256(data).hexdigest())


def _why_not(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a link; links are not followed here"
    return f"cannot be read: {error.strerror}"


def _read(path: Path, follow_links: bool) -> bytes:
    # subtle: without O_NONBLOCK, opening a pipe that nobody writes to waits for ever
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags if follow_links else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise UsageError(f"{path} is a folder, not a Python file")
        if not stat.S_ISREG(mode):
            if not (follow_links and HANDED_OVER.fullmatch(str(path))):
                raise UsageError(f"{path} is a pipe or a device, not a file")
            os.set_blocking(handle, True)
        data = b""
        while len(data) <= MAX_BYTES and (chunk := os.read(handle, MAX_BYTES + 1 - len(data))):
            data += chunk
    finally:
        os.close(handle)
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} holds more than {size(MAX_BYTES)}, which is too much for an exercise")
    return data
