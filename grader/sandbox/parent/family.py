"""All processes that belong to a child, and their end: by descent, by group, and by a mark that forks inherit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Protocol

import psutil

ROUNDS = 20  # of looking for what was started while the others were ended


class Family(Protocol):
    """What a child has started, and itself. `confined_by` names the limits that the system holds it to."""

    @property
    def confined_by(self) -> tuple[str, ...]:
        """The names."""

    def end(self) -> None:
        """Kill all that can be found at once."""

    def see_off(self) -> None:
        """Kill whatever may have got away; takes longer, and nobody need wait for it."""


def of(process: subprocess.Popen[bytes], mark: str) -> Family:
    """Return the family of a process that was just started; its command holds the mark."""
    if sys.platform == "win32":
        from grader.sandbox.parent.job import Job

        return Job(process)
    return Tree(process.pid, mark)


class Tree:
    """The family of a process where the system keeps none: a process that got away still bears the mark."""

    confined_by = ()

    def __init__(self, leader: int, mark: str) -> None:
        self._leader = leader
        self._mark = mark

    def end(self) -> None:
        found = list(descendants(self._leader))
        with contextlib.suppress(OSError):
            if sys.platform != "win32":
                os.killpg(self._leader, signal.SIGKILL)
        _kill(found)

    def see_off(self) -> None:
        for _ in range(ROUNDS):
            if not (found := list(_marked(self._mark))):
                return
            _kill(found)


def descendants(leader: int) -> Iterator[psutil.Process]:
    """Yield a process and all that it has started and that it has not outlived."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(leader)
        yield process
        yield from process.children(recursive=True)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            # A fork has its parent's command, wherever it belongs; the environment outlives even another program.
            if each.pid != os.getpid() and (mark in each.cmdline() or mark in each.environ().values()):
                yield each


def _kill(processes: list[psutil.Process]) -> None:
    for each in processes:
        with contextlib.suppress(psutil.Error):
            each.kill()
    psutil.wait_procs(processes, timeout=0.2)
