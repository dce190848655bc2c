"""Runs sessions of the curriculum in a process that has torch, and stays for a round of questions."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import tempfile
import threading

import msgspec

from grader.called import program
from grader.catalogue.misconceptions import misconceptions
from grader.errors import GraderError, debugging
from grader.judging import process
from grader.learning.replay import Outcome

BOOT = (
    "import os, sys; sys.path[:] = [each for each in sys.path if not os.path.isdir(os.path.join(each, 'grader'))]; "
    "sys.path.append(sys.argv.pop()); from grader.learning.practice.player import main; main()"
)
PATIENCE = 120.0  # seconds for one session; the first one waits for torch as well
ENDING_SECONDS = 2.0


class Sessions:
    """A process that plays sessions, one after the other. Begins to load torch at once; use as a context."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="katas-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            process.command(BOOT), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=None if debugging() else subprocess.DEVNULL, env=process.environment(), cwd=self._folder.name,
            start_new_session=True,
        )  # fmt: skip
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._asked: list[str] = []  # what it was asked for and has not told yet
        self._told: dict[str, tuple[Outcome, ...]] = {}

    def __enter__(self) -> Sessions:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it is doing."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._process.kill()
        self._process.wait(ENDING_SECONDS)
        self._reader.join(ENDING_SECONDS)
        self._process.stdout.close()  # type: ignore[union-attr]
        self._folder.cleanup()

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, and nothing can be asked any more."""
        return self._process.poll() is not None

    def begin(self, name: str) -> None:
        """Have the session of a misconception played; do not wait for it."""
        if name in self._told or name in self._asked:
            return
        self._asked.append(name)
        try:
            self._process.stdin.write(msgspec.json.encode(misconceptions()[name].example) + b"\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]
        except OSError:
            raise self._ended() from None

    def outcomes(self, name: str) -> tuple[Outcome, ...]:
        """Return what came of each input of the session of a misconception, now and on this machine."""
        self.begin(name)
        while name not in self._told:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise GraderError(f"the session {name} did not end within {PATIENCE:.0f} seconds") from None
            if not line:
                self._lines.put(line)  # for whoever asks next
                raise self._ended()
            self._told[self._asked.pop(0)] = msgspec.json.decode(line, type=tuple[Outcome, ...])
        return self._told[name]

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put(b"")

    def _ended(self) -> GraderError:
        return GraderError(f"the process that runs the sessions ended; `{program()} doctor` tells more")
