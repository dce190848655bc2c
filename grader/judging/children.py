"""Gives every check the process in which the submission runs: one for all checks, or one for each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from grader.catalogue.catalogue import Exercise, probes
from grader.judging.clock import Clock
from grader.judging.submission import Submission
from grader.sandbox.parent.client import Child, TimedOut
from grader.sandbox.parent.nursery import Nursery
from grader.sandbox.shared.messages import Answer, Call, Load
from grader.sandbox.shared.wire import Arrays


class Served(NamedTuple):
    """What a check is given: a submission, a way to read what it printed, and whether its child has served no other."""

    submission: Submission
    read_printed: Callable[[], str]
    fresh: bool


class _OutOfTime:
    """Stands in for a child where the time of the exercise is up: none need be started to find that out."""

    def loaded(self, seconds: float) -> tuple[Answer, Arrays]:
        raise TimedOut(seconds)

    def ask(self, request: Call, arrays: Arrays, seconds: float) -> tuple[Answer, Arrays]:  # noqa: ARG002
        raise TimedOut(seconds)


class Children:
    """Gives each check a child: the last one, put back to how it was, or a fresh one. A context.

    With `strict`, every check has a child of its own. In both ways, the runs that come to a check one after the other
    share its child.
    """

    def __init__(self, nursery: Nursery, load: Load, exercise: Exercise, clock: Clock, *, strict: bool) -> None:
        self._nursery = nursery
        self._load = load
        self._clock = clock
        self._strict = strict
        self._probes = probes(exercise)
        self._check = ""
        self._child: Child | None = None
        self._fresh = True

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
        self._child = None

    @contextlib.contextmanager
    def serve(self, check: str, seed: int, left: int, *, fresh: bool) -> Iterator[Served]:
        """Yield a submission for a check; `left` is how many checks follow, `fresh` asks for a child of its own."""
        if self._clock.spent and self.in_force:
            yield Served(Submission(_OutOfTime(), self._clock, seed, self._probes), str, fresh=True)
            return
        child = self._for(check, left, fresh or self._strict)
        yield Served(Submission(child, self._clock, seed, self._probes), child.printed, self._fresh)

    def _for(self, check: str, left: int, fresh: bool) -> Child:
        same, self._check = check == self._check, check
        if self._child and not self._child.closed:
            if same and (self._fresh or not fresh):
                self._child.tidy(Path(self._load.filename).name)
                return self._child
            if not fresh and self._child.load_again(self._load, self._clock.seconds_for_a_call()):
                self._fresh = False
                return self._child
        self._dismiss()
        with self._clock.stopped():  # an interpreter that is started takes seconds
            # Where each check has a child of its own, the next ones are prepared beside the one at work.
            self._child, self._fresh = self._nursery.take(self._load, left=left if fresh else 0), True
        return self._child
