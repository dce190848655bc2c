"""Gives every check the process in which the submission runs: one for all checks, or one for each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from grader.catalogue.catalogue import Exercise, probes
from grader.judging.clock import Clock
from grader.judging.submission import Submission
from grader.sandbox.parent.client import Child, Crashed, TimedOut
from grader.sandbox.parent.nursery import Nursery
from grader.sandbox.shared.messages import Answer, Call, Dirty, Load
from grader.sandbox.shared.wire import Arrays


class Turn(Protocol):
    """A check's turn with a witness: what was printed in it, and whether the witness had served no other check."""

    @property
    def fresh(self) -> bool:
        """Whether it had not."""

    def printed(self) -> str:
        """Return what the submission has printed so far."""

    def finish(self) -> None:
        """Say that nothing more is asked in it, and that it left no doubt: the next check may be got ready for."""


class Served(NamedTuple):
    """What a check is given: a submission, and its turn with whoever runs that."""

    submission: Submission
    turn: Turn


class _OutOfTime:
    """Stands in for a child where the time of the exercise is up: none need be started to find that out."""

    fresh = True

    def loaded(self, seconds: float) -> tuple[Answer, Arrays]:
        raise TimedOut(seconds)

    def ask(self, request: Call, arrays: Arrays, seconds: float) -> tuple[Answer, Arrays]:  # noqa: ARG002
        raise TimedOut(seconds)

    def printed(self) -> str:
        return ""

    def finish(self) -> None:
        pass


class _Turn:
    """A check's turn with a child; where one that has served another is not as good as new, a fresh one steps in."""

    def __init__(self, children: Children, child: Child, *, fresh: bool) -> None:
        self._children = children
        self._child = child
        self.fresh = fresh

    def loaded(self, seconds: float) -> tuple[Answer, Arrays]:
        if not self.fresh:
            with contextlib.suppress(TimedOut, Crashed):
                answer = self._child.loaded(seconds)
                if not isinstance(answer[0], Dirty):
                    return answer
            self._child, self.fresh = self._children.another(), True
        return self._child.loaded(seconds)

    def ask(self, request: Call, arrays: Arrays, seconds: float) -> tuple[Answer, Arrays]:
        return self._child.ask(request, arrays, seconds)

    def printed(self) -> str:
        return self._child.printed()

    def finish(self) -> None:
        self._children.get_ready()


class Children:
    """Gives each check a child: the last one, put back to how it was, or a fresh one. A context.

    With `strict`, every check has a child of its own. In both ways, the `runs` that come to a check one after the other
    share its child.
    """

    def __init__(
        self, nursery: Nursery, load: Load, exercise: Exercise, clock: Clock, *, strict: bool, runs: int = 1
    ) -> None:  # fmt: skip
        self._nursery = nursery
        self._load = load
        self._clock = clock
        self._strict = strict
        self._shares = not strict and runs == 1  # the next check comes right after this one, and in its child
        self._left = 0
        self._is_ready = False
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
        turn: _OutOfTime | _Turn = _OutOfTime()
        self._left = left
        if not self._clock.spent or not self.in_force:
            turn = self._turn(check, left, fresh or self._strict)
        yield Served(Submission(turn, self._clock, seed, self._probes), turn)

    def _turn(self, check: str, left: int, fresh: bool) -> _Turn:
        same, self._check = check == self._check, check
        is_ready, self._is_ready = self._is_ready, False
        if self._child and not self._child.closed:
            if same and (self._fresh or not fresh):
                self._child.tidy(Path(self._load.filename).name)
                return _Turn(self, self._child, fresh=self._fresh)
            if not fresh and (is_ready or self._child.load_again(self._load)):
                self._fresh = False
                return _Turn(self, self._child, fresh=False)
        # Where each check has a child of its own, the next ones are prepared beside the one at work.
        return _Turn(self, self.another(left if fresh else 0), fresh=True)

    def get_ready(self) -> None:
        """Have the child at work put back to how it was for the next check, while pytest turns to that."""
        if self._shares and self._left and self._child and not self._child.closed:
            self._is_ready = self._child.load_again(self._load)

    def another(self, left: int = 0) -> Child:
        """Return a fresh child in place of the one at work; `left` is how many more are to be prepared."""
        self._dismiss()
        with self._clock.stopped():  # an interpreter that is started takes seconds
            self._child, self._fresh = self._nursery.take(self._load, left=left), True
        return self._child
