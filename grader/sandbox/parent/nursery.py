"""Keeps the next children ready while one is at work."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator

from grader.sandbox.parent.client import Child, Crashed
from grader.sandbox.parent.launch import CannotStart, Launcher
from grader.sandbox.parent.watchdog import Watchdog
from grader.sandbox.shared.messages import Load
from grader.sandbox.shared.policy import Policy

SPARES = 2
PAUSES = (0.1, 0.4, 1.6)  # seconds, for what was ended to be gone


class Nursery:
    """Hands out loaded children one by one, and prepares the next ones while the last is at work.

    Once `stop` is set, whoever waits for a child is interrupted by Cancelled.
    """

    def __init__(self, launcher: Launcher, policy: Policy, stop: threading.Event | None = None) -> None:
        self._launcher = launcher
        self._stop = stop
        self._idle: deque[Child] = deque()
        self._loading: deque[Child] = deque()
        self._watchdog = Watchdog()
        self.policy = policy
        self.in_force: tuple[str, ...] = ()

    def stock(self, count: int) -> None:
        """Start children before it is known what they will load, where that pays."""
        self._idle.extend(self._started() for _ in range(min(count, self._launcher.ahead)))

    def take(self, load: Load, *, left: int) -> Child:
        """Return a child that is loading the submission.

        `load` is the request that makes it do so, the same for all; `left` is how many more will be asked for.
        Where none can be started, those that wait are ended first: it may be they who use up what there is.
        """
        for pause in PAUSES:
            with contextlib.suppress(CannotStart):
                return self._taken(load, left)
            self.close()
            left = 0
            time.sleep(pause)
        return self._taken(load, left)

    def _taken(self, load: Load, left: int) -> Child:
        while len(self._loading) <= min(SPARES, left, self._launcher.ahead):
            child = self._next_idle() or self._started()
            with _closed_on_failure(child):
                child.load(load)
            self._loading.append(child)
        child = self._loading.popleft()
        with _closed_on_failure(child):
            child.hello()
        self.in_force = child.in_force or ()
        return child

    def _next_idle(self) -> Child | None:
        """Return a child that waits; those that something else has ended meanwhile are passed over."""
        while self._idle:
            child = self._idle.popleft()
            if child.usable:
                return child
            child.close()
        return None

    def _started(self) -> Child:
        try:
            return Child(self._launcher, self.policy, self._stop, self._watchdog, self._loading)
        except OSError as error:
            raise CannotStart(f"a child process could not be started: {error}") from None

    def close(self) -> None:
        """End the children that are waiting for their turn."""
        while self._loading:
            self._loading.pop().close()
        while self._idle:
            self._idle.pop().close()


@contextlib.contextmanager
def _closed_on_failure(child: Child) -> Iterator[None]:
    """End a child that cannot be handed out; that it died before it had met the submission is nobody's fault."""
    try:
        yield
    except Crashed as error:
        child.close()
        raise CannotStart(f"a child process ended before its turn: {error}") from None
    except BaseException:
        child.close()
        raise
