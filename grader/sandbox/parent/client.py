"""Trusted side: asks a child, waits no longer than allowed, and keeps what came back as plain data."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import select
import socket
import sys
import threading
import time
from collections.abc import Collection, Iterator

import msgspec

from grader.called import program
from grader.errors import Cancelled, GraderError
from grader.sandbox.parent import memory
from grader.sandbox.parent.death import KILLED, said
from grader.sandbox.parent.launcher import CannotStart, Launcher
from grader.sandbox.parent.limits import Excess
from grader.sandbox.parent.watchdog import Watchdog
from grader.sandbox.shared import scratch, wire
from grader.sandbox.shared.messages import Answer, Call, Hello, Load
from grader.sandbox.shared.policy import BROKEN, Policy
from grader.units import KB

MAX_PRINTED = 64 * KB
START_SECONDS = 30.0
TICK_SECONDS = 0.05
LONGEST_UNSEEN_SECONDS = 0.25
MAX_LAST_LINE = 200
NOT_STARTED = "a sandbox could not be started"


class TimedOut(Exception):
    """A call ran longer than allowed; its child is dead."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Crashed(Exception):
    """A child died, or what it sent was no answer; the text says which."""


class Starved(Crashed):
    """The system ended a child for want of memory, which may be its own doing or not."""


class Child:
    """One locked-down process for one check; `beside` are those that wait for their turn while it works."""

    def __init__(
        self,
        launcher: Launcher,
        policy: Policy,
        stop: threading.Event | None = None,
        watchdog: Watchdog | None = None,
        beside: Collection[Child] = (),
    ) -> None:
        self._watchdog = watchdog or Watchdog()
        self._beside = beside
        self._look_at = math.inf
        self._stop = stop or threading.Event()
        self._ended_before = memory.ended_for_want_of_it()
        self._handle = launcher.start(policy)
        self._channel = self._handle.channel
        self._channel.setblocking(False)
        self._reader = wire.Reader(wire.ANSWERS)
        self._printed = bytearray()
        self._dropped = 0
        self._output_open = True
        self.in_force: tuple[str, ...] | None = None
        self._loading = ""  # the mark of the answer to being loaded
        self._loaded: tuple[Answer, wire.Arrays] | None = None

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._handle.pid

    @property
    def scratch(self) -> str:
        """The one folder that it may write to."""
        return self._handle.scratch

    def hello(self) -> None:
        """Wait until the child is locked down; `in_force` then says by what."""
        if self.in_force is None:
            try:
                message, _ = self._receive(START_SECONDS)
            except TimedOut:
                raise GraderError(
                    f"{NOT_STARTED} within {START_SECONDS:.0f} s; `{program()} doctor` tells more"
                ) from None
            except Crashed as error:
                raise CannotStart(f"{NOT_STARTED} ({error}); `{program()} doctor` tells more") from None
            if not isinstance(message, Hello):
                raise CannotStart(f"{NOT_STARTED}: it did not begin with hello")
            self.in_force = (*self._handle.in_force, *message.in_force)
            self._look_at = time.monotonic() + LONGEST_UNSEEN_SECONDS

    @property
    def closed(self) -> bool:
        """Whether it is gone."""
        return self._channel.fileno() < 0

    @property
    def usable(self) -> bool:
        """Whether it can still be given a submission."""
        return not (self.closed or self._handle.dead)

    def load(self, request: Load) -> None:
        """Make it load a submission, without waiting for that."""
        memory.offer_first(self.pid, memory.WAITING)
        self._loading, self._loaded = self.post(request), None

    def loaded(self, seconds: float) -> tuple[Answer, wire.Arrays]:
        """Return its answer to having been made to load a submission."""
        if self._loaded is None:
            memory.offer_first(self.pid, memory.AT_WORK)
            self._loaded = self.answer(self._loading, seconds)
        return self._loaded

    def load_again(self, request: Load) -> bool:
        """Make it load the submission once more, for another check; return whether it can be asked to.

        Its answer may be that it is not as good as new: what stands in the way is in the child.
        """
        if not self.tidy(os.path.basename(request.filename)):
            self.close()
            return False
        self._drain()
        self._printed.clear()
        self._dropped = 0
        try:
            self.load(request)
        except (TimedOut, Crashed):
            self.close()
        return not self.closed

    def tidy(self, submission: str) -> bool:
        """Remove what its calls have left in its scratch folder, all but the copy of the submission of that name.

        Return whether that was little: otherwise some of it may still be there.
        """
        return scratch.clear(self._handle.scratch, submission)

    def post(self, request: Load | Call, arrays: wire.Arrays | None = None, seconds: float = START_SECONDS) -> str:
        """Send a request without waiting for its answer; return the mark that the answer must bear."""
        mark = secrets.token_hex(8)
        self._channel.settimeout(max(seconds, TICK_SECONDS))
        try:
            wire.send(self._channel, msgspec.structs.replace(request, id=mark), arrays)
        except wire.Closed:
            raise self._how_it_died() from None
        except TimeoutError:  # it does not even read what it is asked
            self.close()
            raise TimedOut(seconds) from None
        finally:
            if self._channel.fileno() >= 0:
                self._channel.setblocking(False)
        return mark

    def answer(self, mark: str, seconds: float) -> tuple[Answer, wire.Arrays]:
        """Wait for the answer with this mark; raise TimedOut or Crashed, and the child is gone."""
        message, arrays = self._receive(seconds)
        if isinstance(message, Hello) or message.id != mark:
            self.close()
            raise Crashed("it sent an answer to something that was not asked")
        return message, arrays

    def ask(self, request: Call, arrays: wire.Arrays, seconds: float) -> tuple[Answer, wire.Arrays]:
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
        except wire.WireError:
            pass
        self.close()
        raise Crashed("it sent an answer before it was asked")

    def _receive(self, seconds: float) -> tuple[Hello | Answer, wire.Arrays]:
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
        except Excess as error:
            self.close()
            raise Crashed(str(error)) from None

    def _wait(self, deadline: float) -> tuple[Hello | Answer, wire.Arrays]:
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
                    self._watchdog.look(dict(self._leaders()), self._handle.output.held)
                    look_at = time.monotonic() + TICK_SECONDS
                    self._look_at = time.monotonic() + LONGEST_UNSEEN_SECONDS
                self._take_what_came(death, min(deadline - now, TICK_SECONDS))
        self._drain()
        return frame

    def _leaders(self) -> Iterator[tuple[int, str]]:
        """Yield process and scratch folder of this child and of those that wait; one that never started is left out."""
        for each in (self, *self._beside):
            with contextlib.suppress(CannotStart):
                yield each.pid, each.scratch

    def _take_what_came(self, death: list[int], seconds: float) -> None:
        outputs = self._handle.output.waits_on if self._output_open else ()
        watched: list[socket.socket | int] = [self._channel, *outputs, *death]
        ready = select.select(watched, [], [], seconds)[0]
        if set(outputs) <= set(ready):
            self._drain()
        if self._channel in ready:
            self._reader.feed(self._channel)
        elif set(death) & set(ready):
            raise wire.Closed

    @contextlib.contextmanager
    def _death_notice(self) -> Iterator[list[int]]:
        """Yield a descriptor that is ready once the child is dead, where the system has such.

        Of a fork, the channel's end would not tell: what the child has started may hold it open.
        """
        handles: list[int] = []
        with contextlib.suppress(OSError):
            if sys.platform == "linux":
                handles.append(os.pidfd_open(self.pid))
        try:
            yield handles
        finally:
            for handle in handles:
                os.close(handle)

    def _drain(self) -> None:
        """Take what was printed; a flood is read bit by bit, between looks at the clock."""
        while self._output_open and (chunk := self._handle.output.read(MAX_PRINTED)) != b"":
            if chunk is None:
                self._output_open = False
            elif self._dropped_now(chunk):
                return

    def _dropped_now(self, chunk: bytes) -> bool:
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
        code = self._handle.status()
        self._drain()  # its last words may have come while it died
        self._forget()
        if code == KILLED and memory.ended_for_want_of_it() > self._ended_before:
            return Starved("the system ended it, because memory ran out")
        if code == BROKEN:
            return Crashed(f"its process broke: {self.printed().strip().rpartition(chr(10))[2][:MAX_LAST_LINE]}")
        return Crashed(said(code))

    def close(self) -> None:
        """Kill the child and all that it started."""
        if not self.closed:
            self._drain()
            self._forget()

    def _forget(self) -> None:
        self._handle.end()
        self._output_open = False
