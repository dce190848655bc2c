"""Standard input and output as a channel: what every system hands to a process, without handing over a descriptor."""

from __future__ import annotations

import os
import sys


class Streams:
    """The channel of a process that was started for it; from then on, whatever prints does so to standard error."""

    def __init__(self) -> None:
        self._read, self._write = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        os.close(nothing)
        if sys.platform == "win32":
            import msvcrt

            for handle in (self._read, self._write, 1, 2):  # or else each line feed would become two bytes
                msvcrt.setmode(handle, os.O_BINARY)

    def recv(self, most: int, /) -> bytes:
        """Wait for bytes; nothing at the end of the stream."""
        return os.read(self._read, most)

    def sendall(self, data: bytes, /) -> None:
        """Send bytes, waiting for as long as the other side takes to read them."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._write, left) :]
