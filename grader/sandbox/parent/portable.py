"""Starts an interpreter for each child, where forking torch is not safe, and has it warm before it is needed.

An interpreter that has loaded torch, and what the exercise needs, waits ahead of the next submission; it is used for
one verdict. It talks over its standard streams, so no descriptor is handed over and nothing here needs POSIX.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from grader.called import program
from grader.sandbox.parent import cgroup, family, interpreter
from grader.sandbox.parent.bridge import Bridge
from grader.sandbox.parent.custodian import Custodian
from grader.sandbox.parent.launch import CannotStart
from grader.sandbox.parent.output import PrintedFile
from grader.sandbox.shared import scratch, wire
from grader.sandbox.shared.messages import Begin, Prepare
from grader.sandbox.shared.policy import Policy

LOADING_SECONDS = 180.0  # torch, on a machine whose virus scanner has never seen it
DYING_SECONDS = 0.5
ENDING_SECONDS = 10.0


class PortableLauncher:
    """Keeps one interpreter ahead; another one is begun when that is taken, once it is known that more will be."""

    ahead = 0  # it keeps them ready itself, so that nobody need begin children before their turn

    def __init__(self) -> None:
        self._custodian = Custodian()
        self._children: list[StartedChild] = []
        self._modules: tuple[str, ...] = ()
        self._probe = ""
        self._more = False
        self._taken = 0
        self._warm: StartedChild | None = self._begun()

    def _begun(self) -> StartedChild:
        child = StartedChild(self._custodian)
        self._children.append(child)
        return child

    def expect(self, *, more: bool) -> None:
        """Learn whether the next grading will be the last."""
        self._more, self._taken = more, 0

    def start(self, policy: Policy) -> StartedChild:
        child, self._warm = self._usable() or self._begun(), None
        child.prepare(self._modules, self._probe)
        child.begin(policy)
        self._taken += 1
        # Beside a child that has loaded much, the next one is not begun before its turn: both would take much memory.
        if (self._more and not self._modules) or self._taken > 1:
            self._warm = self._begun()
        if self._warm and self._taken > 1:  # a verdict that needs a second one may need a third
            self._warm.prepare(self._modules, self._probe)
        return child

    def _usable(self) -> StartedChild | None:
        self._children = [child for child in self._children if not child.gone]
        if self._warm and self._warm.dead:
            self._warm.end()
            self._warm = None
        return self._warm

    def preload(self, modules: tuple[str, ...], probe: str) -> None:
        self._modules, self._probe = modules, probe
        if self._usable() is None:
            self._warm = self._begun()
        elif self._warm:
            self._warm.prepare(modules, probe)

    def not_preloaded(self) -> dict[str, str]:
        return self._warm.failed() if self._warm else {}

    def close(self) -> None:
        for child in self._children:
            child.end()
        for child in self._children:
            child.wait_until_gone()
        self._custodian.close()


class StartedChild:
    """An interpreter of its own; see Handle. Until `begin` it loads what it is told, and has met no submission."""

    def __init__(self, custodian: Custodian) -> None:
        self._custodian = custodian
        self._known: set[str] = set()
        self._waiting: list[Prepare] = []
        self._asked = False
        self._failed: dict[str, str] = {}
        self._dead, self._given_up = threading.Event(), threading.Event()
        with contextlib.ExitStack() as undo:
            self._home = tempfile.mkdtemp(prefix="grader-")
            undo.callback(scratch.remove, self._home)
            self.scratch = os.path.join(self._home, "scratch")
            os.mkdir(self.scratch)
            self._group = cgroup.make()
            if self._group:
                undo.callback(self._group.end)
            self.output = PrintedFile(Path(self._home, "printed"))
            undo.callback(self.output.close)
            self._process = self._started()
            undo.callback(self._process.wait)
            undo.callback(self._process.kill)
            custodian.keep(self._process.pid, self._home)
            self._family = family.of(self._process, self._home)
            self._bridge = Bridge(self._process)
            undo.pop_all()
        self.channel = self._bridge.channel
        self.in_force = self._family.confined_by
        self._seeing_off = threading.Thread(target=self._see_off, daemon=True)
        self._seeing_off.start()

    def _started(self) -> subprocess.Popen[bytes]:
        with self.output.writing as printed:
            return subprocess.Popen(
                interpreter.command("child.started", "main", self._home), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=printed, bufsize=0,
                env=interpreter.environment() | {"GRADER_CHILD": self._home}, **interpreter.apart(),
            )  # fmt: skip

    def _see_off(self) -> None:
        """Wait for its end, then until nobody reads it any more; end what it has left, and remove what it was given."""
        self._process.wait()
        self._dead.set()
        self._bridge.end()
        self._given_up.wait()
        self._family.see_off()
        if self._group:
            self._group.end()
        self.output.close()
        scratch.remove(self._home)
        self._custodian.forget(self._home)

    def prepare(self, modules: tuple[str, ...], probe: str) -> None:
        """Have it load what it has not loaded yet, without waiting for that."""
        new = [name for name in modules if name not in self._known]
        if new or (probe and probe not in self._known):
            self._known |= {*new, probe}
            self._waiting.append(Prepare(new, probe))
            self._send_next()

    def _send_next(self) -> None:
        if self._waiting and not self._asked:
            self._asked = True
            with contextlib.suppress(wire.Closed):
                wire.send(self.channel, self._waiting.pop(0))

    def failed(self) -> dict[str, str]:
        """Wait until all is loaded; return what could not be, and why."""
        while self._asked:
            try:
                ready, _ = wire.receive(self.channel, wire.READY, time.monotonic() + LOADING_SECONDS)
            except wire.Late:
                raise self._not_started(f"it has loaded nothing within {LOADING_SECONDS:.0f} s") from None
            except wire.WireError:
                raise self._not_started(self._last_words()) from None
            self._failed |= ready.failed
            self._asked = False
            self._send_next()
        return self._failed

    def _last_words(self) -> str:
        self._dead.wait(DYING_SECONDS)
        printed = (self.output.read(1 << 16) or b"").decode(errors="replace")
        return printed.strip().rpartition("\n")[2] or f"exit code {self._process.returncode}"

    def _not_started(self, why: str) -> CannotStart:
        self.end()
        return CannotStart(
            f"the process that is to run submissions did not start ({why}); `{program()} doctor` tells more"
        )

    def begin(self, policy: Policy) -> None:
        """Make a child of it."""
        self.failed()
        granted = replace(policy, scratch=self.scratch, group=self._group.members if self._group else "")
        try:
            wire.send(self.channel, Begin(granted))
        except wire.Closed:
            raise self._not_started(self._last_words()) from None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def dead(self) -> bool:
        return self._dead.is_set()

    @property
    def gone(self) -> bool:
        """Whether nothing of it is left."""
        return not self._seeing_off.is_alive()

    def status(self) -> int | None:
        return self._process.returncode if self._dead.wait(DYING_SECONDS) else None

    def end(self) -> None:
        if not self._given_up.is_set():
            self._family.end()
            self._process.kill()
            self.channel.close()
            self._given_up.set()

    def wait_until_gone(self) -> None:
        """Wait until nothing of it is left; what takes very long is left to the custodian."""
        self._seeing_off.join(ENDING_SECONDS)
