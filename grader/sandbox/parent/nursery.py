"""Keeps the next children ready while one is at work."""

from __future__ import annotations

import threading
from collections import deque

from grader.sandbox.parent.client import Child
from grader.sandbox.parent.launch import Launcher
from grader.sandbox.shared.messages import Load
from grader.sandbox.shared.policy import Policy

SPARES = 2


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

    def take(self, load: Load, *, left: int) -> Child:
        """Return a child that is loading the submission.

        `load` is the request that makes it do so, the same for all; `left` is how many more will be asked for.
        """
        while len(self._loading) <= min(SPARES, left):
            child = self._next_idle() or self._started()
            child.load(load)
            self._loading.append(child)
        child = self._loading.popleft()
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
        return Child(self._launcher, self.policy, self._stop, self._loading)

    def close(self) -> None:
        """End the children that are waiting for their turn."""
        while self._loading:
            self._loading.pop().close()
        while self._idle:
            self._idle.pop().close()
