"""The interface of engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from grader.batch.task import Ended, Task


class Tasks(Protocol):
    """Tasks that are made one by one, of which is known how many there are; a list is one such."""

    def __len__(self) -> int:
        """Return how many there are in all."""

    def __iter__(self) -> Iterator[Task]:
        """Make them one by one."""


class Engine(Protocol):
    """Grades tasks; a context, in which it keeps what it started.

    Where iterating stops early, or leaving the context interrupts it, nothing that it started stays behind.
    """

    def __enter__(self) -> Engine:
        """Start what grades."""

    def __exit__(self, *_: object) -> None:
        """End it."""

    def run(self, tasks: Tasks) -> Iterator[Ended]:
        """Yield how each task ended, in any order; take from `tasks` only what can soon be graded."""

    def alone(self, tasks: Tasks) -> Iterator[Ended]:
        """Do the same with nothing else of ours beside each of them, and a process of its own for each check."""
