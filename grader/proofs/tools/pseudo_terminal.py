"""Drives a program in a terminal that nobody sits at, for tests and measurements: types keys, reads the screen.

Needs pexpect and pyte, which come with the extra `dev`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte
from pyte.screens import Char

from grader.learning.editor.surrounding import VARIABLES

PATIENCE = 60.0  # seconds; a slow machine is no failure


class NeverShown(Exception):
    """The screen did not show what was waited for; the text holds what it did show."""


class PseudoTerminal:
    """A program in a terminal of so many columns and lines; `editor` is the command it finds as the user's editor."""

    def __init__(
        self, command: Sequence[str], folder: Path, columns: int = 80, lines: int = 24, editor: str = "true",
        environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""  # all that came, with what a screen does not show
        self.process: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], list(command[1:]), cwd=folder, timeout=PATIENCE, dimensions=(lines, columns),
            env={**_outside_of_editors(), "TERM": "xterm-256color", "VISUAL": editor, **(environment or {})},
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """The program's process id."""
        return int(self.process.pid or 0)

    @property
    def alive(self) -> bool:
        """Whether the program still runs; what it writes is read meanwhile, or it could not end."""
        while self._draw(0.02):
            pass
        return bool(self.process.isalive())

    @property
    def text(self) -> str:
        """What stands on the screen now, after all that came was drawn."""
        while self._draw(0.02):
            pass
        return self._text

    @property
    def _text(self) -> str:
        return "\n".join(self._screen.display)

    def _draw(self, seconds: float) -> float | None:
        """Draw what comes within so many seconds; return when it came."""
        try:
            chunk = self.process.read_nonblocking(65536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return None
        arrived = time.perf_counter()
        self.written += chunk
        self._stream.feed(chunk)
        return arrived

    def shows(self, *words: str) -> float:
        """Wait until all words stand on the screen; return when the last of them came, as `perf_counter` has it."""
        return self.until(lambda text: all(word in text for word in words), f"{words}")

    def until(self, fits: Callable[[str], bool], what: str) -> float:
        """Wait until the text of the screen fits."""
        end = time.monotonic() + PATIENCE
        arrived = time.perf_counter()
        while time.monotonic() < end:
            if fits(self._text):
                return arrived
            arrived = self._draw(0.5) or arrived
        raise NeverShown(f"the screen never showed {what}, but\n{self._text}")

    def type(self, keys: str) -> float:
        """Type keys; return when."""
        self.process.send(keys)
        return time.perf_counter()

    def rows(self) -> list[list[Char]]:
        """Return the characters on the screen with their colours, line by line."""
        return [
            [self._screen.buffer[line][column] for column in range(self._screen.columns)]
            for line in range(self._screen.lines)
        ]

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def end(self) -> None:
        """End the program, whatever it does."""
        self.process.close(force=True)


def _outside_of_editors() -> dict[str, str]:
    """Return this environment without what tells of an editor around it."""
    return {name: value for name, value in os.environ.items() if name not in VARIABLES}
