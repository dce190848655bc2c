"""The time that a submission may take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How long one call and all calls of an exercise may take, in seconds."""

    call: float = 10.0
    exercise: float = 60.0


class Clock:
    """The time that all calls of one exercise share."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._end = time.monotonic() + limits.exercise

    def seconds_for_a_call(self) -> float:
        """Return how long the next call may take."""
        return max(0.0, min(self._limits.call, self._end - time.monotonic()))

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Take what is done meanwhile for the machine's time, and not the submission's."""
        since = time.monotonic()
        try:
            yield
        finally:
            self._end += time.monotonic() - since

    @property
    def spent(self) -> bool:
        """Whether the exercise has used up its time."""
        return time.monotonic() >= self._end
