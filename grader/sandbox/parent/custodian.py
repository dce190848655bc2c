"""Ends what a grader has left when it was killed: a process of its own, which waits for the grader's end."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys

from grader.sandbox.parent import interpreter
from grader.sandbox.parent.family import Tree
from grader.sandbox.shared import scratch

ENDING_SECONDS = 10.0


class Custodian:
    """Is told of every child, and of its end. Needs no answer, so nobody waits for it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            interpreter.command("parent.custodian", "main"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, bufsize=0, env=interpreter.environment(), **interpreter.apart(),
        )  # fmt: skip

    def keep(self, leader: int, home: str) -> None:
        """Have a child's processes ended, and its home removed, unless `forget` comes first."""
        self._tell({"home": home, "leader": leader})

    def forget(self, home: str) -> None:
        """Leave a child alone: it was ended, and its home is gone."""
        self._tell({"home": home})

    def _tell(self, what: dict[str, object]) -> None:
        assert self._process.stdin
        with contextlib.suppress(OSError):  # without a custodian, only a killed grader leaves anything
            self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def close(self) -> None:
        """Let it do what is left, and end."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main() -> None:
    """Take note until the grader has ended, however it did; then end what it has not."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has not all of them
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    kept: dict[str, int] = {}
    for line in sys.stdin.buffer:
        told = json.loads(line)
        kept.pop(told["home"], None)
        if "leader" in told:
            kept[told["home"]] = told["leader"]
    for home, leader in kept.items():
        if sys.platform != "win32":  # there, the system has ended them with the grader
            family = Tree(leader, home)
            family.end()
            family.see_off()
        scratch.remove(home)
