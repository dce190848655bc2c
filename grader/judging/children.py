"""Gives every check the process in which the submission runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.catalogue.catalogue import Exercise, probe_parameters
from grader.judging.clock import Clock
from grader.judging.submission import Submission
from grader.sandbox.parent.client import Child
from grader.sandbox.parent.nursery import Nursery
from grader.sandbox.shared.messages import Load


class Children:
    """Gives each check a child of its own; the runs that come to a check one after the other share it. A context."""

    def __init__(self, nursery: Nursery, load: Load, exercise: Exercise, clock: Clock) -> None:
        self._nursery = nursery
        self._load = load
        self._clock = clock
        self._parameters = probe_parameters(exercise)
        self._check = ""
        self._child: Child | None = None

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss()
        self._nursery.close()

    @property
    def in_force(self) -> tuple[str, ...]:
        """How the child processes were confined."""
        return self._nursery.in_force

    def _dismiss(self) -> None:
        if self._child:
            self._child.close()

    @contextlib.contextmanager
    def serve(self, check: str, seed: int, left: int) -> Iterator[tuple[Submission, Callable[[], str]]]:
        """Yield a submission for a check, and a way to read what it printed; `left` is how many checks will follow."""
        if self._child is None or check != self._check or self._child.closed:
            self._dismiss()
            self._check, self._child = check, self._nursery.take(self._load, left=left)
        else:
            self._child.tidy(Path(self._load.filename).name)
        yield Submission(self._child, self._clock, seed, self._parameters), self._child.printed
