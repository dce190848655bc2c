"""Runs a tool's command in a folder of its own, measures it, and leaves no process of it behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.proofs.tools.processes import proportional_memory
from grader.units import MB

MARK = "KATAS_PEERS_RUN"
LIMIT = 120.0
BETWEEN_LOOKS = 0.05
PATIENCE = 5.0


@dataclass(frozen=True)
class Finished:
    """How long a command took, and the most memory that its processes held together, where it was looked at."""

    seconds: float
    peak_mb: float = 0.0


def run(
    command: list[str], folder: Path, environment: dict[str, str], *, look: bool = False, limit: float = LIMIT
) -> Finished:
    """Run a command to its end or for `limit` seconds; with `look`, its memory is measured on the way.

    Looking takes processor time, so what is timed is not looked at.
    """
    mark = f"{folder}:{time.monotonic_ns()}"
    with (folder / "printed.txt").open("ab") as printed:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env={**environment, MARK: mark}, stdin=subprocess.DEVNULL,
            stdout=printed, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            peak = _looked_at(process, limit) if look else 0.0
            with suppress(subprocess.TimeoutExpired):
                process.wait(limit)
            seconds = time.perf_counter() - started
        finally:
            _end(process, mark)
    return Finished(seconds, peak)


def _looked_at(process: subprocess.Popen[bytes], limit: float) -> float:
    """Return the largest proportional set size of the process with all its children until it ends, in MB."""
    peak, end = 0.0, time.monotonic() + limit
    while process.poll() is None and time.monotonic() < end:
        time.sleep(BETWEEN_LOOKS)
        peak = max(peak, proportional_memory(process.pid))
    return peak / MB


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    """End what is left of a command: a kernel, say, that outlived the tool which started it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    patience = time.monotonic() + PATIENCE
    while (left := _marked(mark)) and time.monotonic() < patience:
        for each in left:
            with suppress(psutil.Error):
                each.kill()
        process.poll()  # one that has ended is there until it is asked for
        time.sleep(BETWEEN_LOOKS)
    process.wait()


def _marked(mark: str) -> list[psutil.Process]:
    """Return the processes that inherited the mark: ours and nobody else's."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.Error):
            if each.environ().get(MARK) == mark:
                found.append(each)
    return found
