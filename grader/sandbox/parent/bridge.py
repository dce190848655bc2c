"""Carries bytes between the standard streams of a process and a socket, which can be waited for on every system."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from typing import IO

CHUNK = 1 << 20
LAST_WORDS_SECONDS = 0.5  # for what a dead process has sent; what it started may hold its streams open


class Bridge:
    """`channel` stands for the process; it ends when the process has ended, whoever holds its streams open.

    Two threads carry, and are gone once the process is.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self.channel, self._far = socket.socketpair()
        self._out = _begun(self._carry_out, process.stdout)
        self._in = _begun(self._carry_in, process.stdin)

    def _carry_out(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), stream:
            while chunk := stream.read(CHUNK):
                self._far.sendall(chunk)
        self._hang_up(socket.SHUT_WR)

    def _carry_in(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), stream:
            while left := memoryview(self._far.recv(CHUNK)):
                while left:
                    left = left[stream.write(left) :]
            return
        self._hang_up(socket.SHUT_RDWR)  # whoever sends is to know that nobody reads

    def _hang_up(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._far.shutdown(how)

    def end(self) -> None:
        """Let the channel end, once the process is dead."""
        self._out.join(LAST_WORDS_SECONDS)
        self._hang_up(socket.SHUT_RDWR)
        self._in.join(LAST_WORDS_SECONDS)
        self._far.close()


def _begun(work: object, stream: IO[bytes]) -> threading.Thread:
    thread = threading.Thread(target=work, args=(stream,), daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread
