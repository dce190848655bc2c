"""What a child prints, as the grader reads it: never waited for, and no longer read once it is too much."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Protocol

from grader import files


class Output(Protocol):
    """`waits_on` are descriptors that become readable once something was printed, where there are such."""

    @property
    def waits_on(self) -> tuple[int, ...]:
        """The descriptors."""

    @property
    def held(self) -> int:
        """The bytes of disk that it takes."""

    def read(self, most: int) -> bytes | None:
        """Return what has come, at most so many bytes; empty where nothing has, None where nothing more will."""


class Pipe:
    """The reading end of a pipe; see Output."""

    held = 0

    def __init__(self, handle: int) -> None:
        if sys.platform != "win32":
            os.set_blocking(handle, False)
        self.waits_on = (handle,)

    def read(self, most: int) -> bytes | None:
        try:
            return os.read(self.waits_on[0], most) or None
        except BlockingIOError:
            return b""


class PrintedFile:
    """A file that a child appends to; see Output. Nothing can be waited for, so it is looked at now and then."""

    waits_on = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        self.writing: IO[bytes] = path.open("ab")  # the child's, until it was started
        self._reading = path.open("rb", buffering=0)

    @property
    def held(self) -> int:
        """The bytes of disk that it takes."""
        return os.fstat(self._reading.fileno()).st_size

    def read(self, most: int) -> bytes | None:
        return self._reading.read(most)

    def close(self) -> None:
        """Let go of the file, and remove it."""
        self.writing.close()
        self._reading.close()
        with contextlib.suppress(OSError):
            files.patiently(self._path.unlink)
