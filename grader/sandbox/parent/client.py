"""Trusted side: asks a child, waits no longer than allowed, and keeps what came back as plain data."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import select
import signal
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from grader.errors import Cancelled, GraderError
from grader.sandbox.child.lockdown import Policy
from grader.sandbox.parent import watchdog
from grader.sandbox.parent.launch import Launcher
from grader.sandbox.shared import scratch, wire

MAX_PRINTED = 64 * 1024
START_SECONDS = 30.0
TICK_SECONDS = 0.05
LONGEST_UNSEEN_SECONDS = 0.25
SPARES = 2


class TimedOut(Exception):
    """A call ran longer than allowed; its child is dead."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Crashed(Exception):
    """A child died, or what it sent was no answer; the text says which."""


@dataclass(frozen=True)
class Limits:
    """How long one call and all calls of an exercise may take, in seconds."""

    call: float = 10.0
    exercise: float = 60.0


class Child:
    """One locked-down process for one check; `beside` are those that wait for their turn while it works."""

    def __init__(
        self, launcher: Launcher, policy: Policy, stop: threading.Event | None = None, beside: Collection[Child] = ()
    ) -> None:
        self._launcher = launcher
        self._beside = beside
        self._look_at = math.inf
        self._stop = stop or threading.Event()
        self._scratch = tempfile.mkdtemp(prefix="grader-")
        self._channel, theirs = socket.socketpair()
        self._output, writing = os.pipe()
        os.set_blocking(self._output, False)
        try:
            self._ticket = launcher.start(replace(policy, scratch=self._scratch), theirs, writing)
        finally:
            theirs.close()
            os.close(writing)
        self._pid: int | None = None
        self._reader = wire.Reader()
        self._printed = bytearray()
        self._dropped = 0
        self._output_open = True
        self.in_force: tuple[str, ...] | None = None
        self._loading = ""  # the mark of the answer to being loaded
        self._loaded: tuple[dict[str, Any], wire.Arrays] | None = None

    @property
    def pid(self) -> int:
        """The child's process id."""
        if self._pid is None:
            self._pid = self._launcher.pid(self._ticket)
        return self._pid

    def hello(self) -> None:
        """Wait until the child is locked down; `in_force` then says by what."""
        if self.in_force is None:
            try:
                message, _ = self._receive(START_SECONDS)
            except (TimedOut, Crashed) as error:
                raise GraderError(
                    f"a sandbox could not be started ({error}); `python -m grader doctor` tells more"
                ) from None
            self.in_force = tuple(map(str, message.get("in_force", ())))
            self._look_at = time.monotonic() + LONGEST_UNSEEN_SECONDS

    @property
    def closed(self) -> bool:
        """Whether it is gone."""
        return self._channel.fileno() < 0

    def load(self, request: dict[str, Any]) -> None:
        """Make it load a submission, without waiting for that."""
        self._loading = self.post(request)

    def loaded(self, seconds: float) -> tuple[dict[str, Any], wire.Arrays]:
        """Return its answer to having been made to load a submission."""
        if self._loaded is None:
            self._loaded = self.answer(self._loading, seconds)
        return self._loaded

    def tidy(self, submission: str) -> None:
        """Remove what its calls have left in its scratch folder, all but the copy of the submission of that name."""
        scratch.clear(self._scratch, submission)

    def post(self, request: dict[str, Any], arrays: wire.Arrays | None = None, seconds: float = START_SECONDS) -> str:
        """Send a request without waiting for its answer; return the mark that the answer must bear."""
        mark = secrets.token_hex(8)
        self._channel.settimeout(max(seconds, TICK_SECONDS))
        try:
            wire.send(self._channel, request | {"id": mark}, arrays)
        except wire.Closed:
            raise self._how_it_died() from None
        except TimeoutError:  # it does not even read what it is asked
            self.close()
            raise TimedOut(seconds) from None
        finally:
            if self._channel.fileno() >= 0:
                self._channel.settimeout(None)
        return mark

    def answer(self, mark: str, seconds: float) -> tuple[dict[str, Any], wire.Arrays]:
        """Wait for the answer with this mark; raise TimedOut or Crashed, and the child is gone."""
        message, arrays = self._receive(seconds)
        if message.get("id") != mark:
            self.close()
            raise Crashed("it sent an answer to something that was not asked")
        return message, arrays

    def ask(self, request: dict[str, Any], arrays: wire.Arrays, seconds: float) -> tuple[dict[str, Any], wire.Arrays]:
        """Send a request and wait for its answer."""
        if not self._reader.empty or select.select([self._channel], [], [], 0)[0]:
            self._refuse_early_bytes()
        return self.answer(self.post(request, arrays, seconds), seconds)

    def _refuse_early_bytes(self) -> None:
        try:
            if self._reader.empty:  # or else nothing more may come, and waiting for it would never end
                self._reader.feed(self._channel)
        except wire.Closed:
            raise self._how_it_died() from None
        self.close()
        raise Crashed("it sent an answer before it was asked")

    def _receive(self, seconds: float) -> tuple[dict[str, Any], wire.Arrays]:
        deadline = time.monotonic() + seconds
        try:
            return self._wait(deadline)
        except wire.Late:
            self.close()
            raise TimedOut(seconds) from None
        except wire.Closed:
            raise self._how_it_died() from None
        except wire.WireError as error:
            self.close()
            raise Crashed(f"it sent {error}") from None
        except watchdog.Excess as error:
            self.close()
            raise Crashed(str(error)) from None

    def _wait(self, deadline: float) -> tuple[dict[str, Any], wire.Arrays]:
        # A call that takes long is looked at soon, many short ones now and then.
        look_at = min(self._look_at, time.monotonic() + TICK_SECONDS)
        with self._death_notice() as death:
            while (frame := self._reader.take()) is None:
                now = time.monotonic()
                if self._stop.is_set():
                    self.close()
                    raise Cancelled
                if now >= deadline:
                    raise wire.Late
                if now >= look_at:
                    watchdog.look({self.pid, *(child.pid for child in self._beside)})
                    look_at = time.monotonic() + TICK_SECONDS
                    self._look_at = time.monotonic() + LONGEST_UNSEEN_SECONDS
                self._take_what_came(death, min(deadline - now, TICK_SECONDS))
        self._drain()
        return frame

    def _take_what_came(self, death: list[int], seconds: float) -> None:
        outputs = [self._output] if self._output_open else []
        watched: list[socket.socket | int] = [self._channel, *outputs, *death]
        ready = select.select(watched, [], [], seconds)[0]
        if self._output in ready:
            self._drain()
        if self._channel in ready:
            self._reader.feed(self._channel)
        elif set(death) & set(ready):
            raise wire.Closed

    @contextlib.contextmanager
    def _death_notice(self) -> Iterator[list[int]]:
        """Yield a descriptor that is ready once the child is dead, where the system has such.

        The channel's end would not tell: what the child has started may hold it open.
        """
        try:
            handle = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            yield []
            return
        try:
            yield [handle]
        finally:
            os.close(handle)

    def _drain(self) -> None:
        """Take what was printed; a flood is read bit by bit, between looks at the clock."""
        with contextlib.suppress(BlockingIOError):
            while self._output_open and not self._dropped_now(os.read(self._output, MAX_PRINTED)):
                pass

    def _dropped_now(self, chunk: bytes) -> bool:
        self._output_open = bool(chunk)
        room = MAX_PRINTED - len(self._printed)
        self._printed += chunk[:room]
        self._dropped += len(chunk[room:])
        return len(chunk) > room

    def printed(self) -> str:
        """Return what the child has printed so far, cut at 64 kB."""
        self._drain()
        text = self._printed.decode(errors="replace")
        return text + f"\n[… {self._dropped:,} more bytes were cut]" if self._dropped else text

    def _how_it_died(self) -> Crashed:
        self._drain()
        code = self._launcher.status(self.pid)
        self._forget()
        return Crashed(_death(code))

    def close(self) -> None:
        """Kill the child and all that it started."""
        if not self.closed:
            with contextlib.suppress(GraderError):
                self._drain()
                self._launcher.end(self.pid)
            self._forget()

    def _forget(self) -> None:
        self._channel.close()
        with contextlib.suppress(OSError):
            os.close(self._output)
        self._output_open = False
        scratch.remove(self._scratch)


def _death(code: int | None) -> str:
    if code is None:
        return "it closed its channel to the grader and was stopped"
    if code >= 0:
        return f"the process ended itself with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    reasons = {"SIGSEGV": "an invalid memory access", "SIGKILL": "killed", "SIGXCPU": "too much processor time",
               "SIGXFSZ": "too large a file", "SIGABRT": "aborted"}  # fmt: skip
    return f"the process was ended by {name}" + (f", {reasons[name]}" if name in reasons else "")


class Nursery:
    """Hands out loaded children one by one, and prepares the next ones while the last is at work.

    Once `stop` is set, whoever waits for a child is interrupted by Cancelled.
    """

    def __init__(self, launcher: Launcher, policy: Policy, stop: threading.Event | None = None) -> None:
        self._launcher = launcher
        self._stop = stop
        self._idle: deque[Child] = deque()
        self._loading: deque[Child] = deque()
        self.policy = policy
        self.in_force: tuple[str, ...] = ()

    def stock(self, count: int) -> None:
        """Start children before it is known what they will load."""
        self._idle.extend(self._started() for _ in range(count))

    def take(self, load: dict[str, Any], *, left: int) -> Child:
        """Return a child that is loading the submission.

        `load` is the request that makes it do so, the same for all; `left` is how many more will be asked for.
        """
        while len(self._loading) <= min(SPARES, left):
            child = self._idle.popleft() if self._idle else self._started()
            child.load(load)
            self._loading.append(child)
        child = self._loading.popleft()
        child.hello()
        self.in_force = child.in_force or ()
        return child

    def _started(self) -> Child:
        return Child(self._launcher, self.policy, self._stop, self._loading)

    def close(self) -> None:
        """End the children that are waiting for their turn."""
        while self._loading:
            self._loading.pop().close()
        while self._idle:
            self._idle.pop().close()
