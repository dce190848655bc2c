"""The interface of engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from grader.batch.task import Ended, Task


class Engine(Protocol):
    """Grades tasks; a context, in which it keeps what it started.

    Where iterating stops early, or leaving the context interrupts it, nothing that it started stays behind.
    """

    def __enter__(self) -> Engine:
        """Start what grades."""

    def __exit__(self, *_: object) -> None:
        """End it."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield how each task ended, in any order; take from `tasks` only what can soon be graded."""

    def alone(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Do the same with nothing else of ours beside each of them, and a process of its own for each check."""
