"""Forks children from a zygote, a process that has torch loaded; about 5 ms for each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import asdict
from typing import IO, Any, Protocol

from grader.called import program
from grader.errors import GraderError
from grader.sandbox.parent import interpreter, memory
from grader.sandbox.parent.belongings import Belongings
from grader.sandbox.parent.launcher import CannotStart
from grader.sandbox.shared.linux import is_dead
from grader.sandbox.shared.policy import Policy
from grader.units import GB

assert sys.platform == "linux"

MANY = 3  # children; from then on the zygote spends some time on making the next ones cheaper
AMPLE = 2 * GB  # of free memory, of which that takes 150 MB


class ZygoteEnded(CannotStart):
    """The process that children are forked from is gone."""


class ForkLauncher:
    """Keeps a zygote, and starts another one where that has ended; what was preloaded is loaded again."""

    ahead = 16  # a spare takes milliseconds, and little memory

    def __init__(self) -> None:
        self._more = False
        self._started = 0  # children of this zygote
        self._zygote = _adopted.pop() if _adopted else _Zygote.started()
        self._preloaded: list[tuple[tuple[str, ...], str]] = []
        self._loading: list[int] = []
        self._failed: dict[str, str] = {}

    def start(self, policy: Policy) -> ForkedChild:
        if self._zygote.ended:
            self._begin_anew()
        child = ForkedChild(self._zygote, policy)
        self._started += 1
        if self._more and self._started == MANY and (memory.free() or 0) > AMPLE:
            self._zygote.order("stay", answered=False)
        return child

    def _begin_anew(self) -> None:
        self._zygote.close()
        self._zygote, self._started = _Zygote.started(), 0
        self._loading = [self._zygote.order("preload", modules=each, probe=probe) for each, probe in self._preloaded]

    def preload(self, modules: tuple[str, ...], probe: str) -> None:
        if self._zygote.ended:
            self._begin_anew()
        known = {name for each in self._preloaded for name in (*each[0], each[1])}
        new = tuple(name for name in modules if name not in known)
        if new or probe not in known:
            self._preloaded.append((new, probe))
            self._loading.append(self._zygote.order("preload", modules=new, probe=probe))

    def not_preloaded(self) -> dict[str, str]:
        while self._loading:
            self._failed |= self._zygote.answer(self._loading.pop())["failed"]
        return self._failed

    def expect(self, *, more: bool) -> None:
        self._more = more

    def close(self) -> None:
        self._zygote.close()


class _Process(Protocol):
    """What is asked of a process: of one that was started, or of one that was forked."""

    def poll(self) -> int | None:
        """Return the exit code, None where it still runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; raise TimeoutExpired where that takes too long."""

    def kill(self) -> None:
        """End it."""


class _Forked:
    """A process that was forked from this one; see _Process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            with contextlib.suppress(ChildProcessError):
                ended, status = os.waitpid(self.pid, os.WNOHANG)
                self._code = os.waitstatus_to_exitcode(status) if ended else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        end = time.monotonic() + (timeout or 0.0)
        while (code := self.poll()) is None:
            if timeout is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("the zygote", timeout)
            time.sleep(0.002)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def adopt(control: socket.socket, pid: int, complaints: IO[bytes]) -> None:
    """Take a zygote that was forked from this process for that of the next launcher."""
    _adopted.append(_Zygote(control, _Forked(pid), complaints))


class _Zygote:
    """The trusted end of the zygote: orders go one way, answers come back in the same order."""

    @classmethod
    def started(cls) -> _Zygote:
        """Return a zygote in an interpreter of its own, which begins to load torch."""
        complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        control, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                interpreter.command("zygote.zygote", "main", str(theirs.fileno())), pass_fds=[theirs.fileno()],
                env=interpreter.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=complaints, start_new_session=True,
            )  # fmt: skip
        return cls(control, process, complaints)

    def __init__(self, control: socket.socket, process: _Process, complaints: IO[bytes]) -> None:
        self._control = control
        self._process = process
        self._complaints = complaints
        self._ended_before = memory.ended_for_want_of_it()
        self._lines = self._control.makefile("rb")
        self._tickets = 0
        self._forked = False
        self._awaited: deque[int] = deque()
        self._answers: dict[int, dict[str, Any]] = {}

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def order(self, op: str, handles: list[int] | None = None, *, answered: bool = True, **details: Any) -> int:
        """Send an order, with descriptors where it needs some; return a ticket for its answer."""
        self._forked = self._forked or op == "fork"
        text = json.dumps({"op": op} | details).encode()
        try:
            self._control.sendall(len(text).to_bytes(4, "big"))
            socket.send_fds(self._control, [text], handles or [])
        except OSError:
            raise self._broken() from None
        self._tickets += 1
        if answered:
            self._awaited.append(self._tickets)
        return self._tickets

    def answer(self, ticket: int) -> dict[str, Any]:
        """Wait for the answer to an order."""
        while ticket not in self._answers:
            try:
                line = self._lines.readline()
            except OSError:
                line = b""
            if not line:
                raise self._broken()
            self._answers[self._awaited.popleft()] = json.loads(line)
        return self._answers.pop(ticket)

    def _broken(self) -> ZygoteEnded:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._complaints.seek(0)
        last = self._complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
        starved = memory.ended_for_want_of_it() > self._ended_before
        why = last or (f"killed, because memory ran out; `{program()} doctor` tells more" if starved else "killed")
        return ZygoteEnded(f"the process that starts submissions ended: {why}. The next grading starts another")

    def close(self) -> None:
        """End it, with all its children."""
        self._control.close()
        self._lines.close()
        if not self._forked:  # it has nothing to see off, and may still be loading
            self._process.kill()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()


class ForkedChild:
    """A child of the zygote; see Handle."""

    in_force = ()

    def __init__(self, zygote: _Zygote, policy: Policy) -> None:
        self._zygote = zygote
        self._own = own = Belongings()
        self.channel, self.output, self.scratch = own.channel, own.output, own.scratch
        with own.handed_over() as handles:
            granted = asdict(own.named_in(policy))
            self._ticket = zygote.order("fork", list(handles), policy=granted)
        self._answer: dict[str, Any] | None = None
        self._ended = False

    @property
    def pid(self) -> int:
        if self._answer is None:
            self._answer = self._zygote.answer(self._ticket)
        if "error" in self._answer:
            raise CannotStart(f"a child process could not be started: {self._answer['error']}")
        return int(self._answer["pid"])

    @property
    def dead(self) -> bool:
        return self._zygote.ended or is_dead(self.pid)

    def status(self) -> int | None:
        code = self._zygote.answer(self._zygote.order("status", pid=self.pid))["code"]
        return None if code is None else int(code)

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            with contextlib.suppress(GraderError):
                if not self._zygote.ended:
                    self._zygote.order("end", pid=self.pid, answered=False)
            self._own.give_back()


_adopted: list[_Zygote] = []
