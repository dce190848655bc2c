"""Keeps a process that judges warm for a kernel, shows how far a grading is, and lets it be interrupted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.judging.asked import Far
from grader.judging.clock import Limits
from grader.judging.cost import Cost
from grader.judging.process import Judge
from grader.judging.source import Source
from grader.verdict import Verdict

TICK_SECONDS = 0.2
QUIET_SECONDS = 0.6  # most verdicts are there before anybody wonders

Result = TypeVar("Result")
Show = Callable[[str], object]


class WarmJudge:
    """A process that judges, begun before it is needed. Where a grading is interrupted, another one takes its place."""

    def __init__(self) -> None:
        self._judge: Judge | None = None

    def begin(self) -> Judge:
        """Return the process; torch begins to load where it was not there."""
        if self._judge is None:
            usual = Limits()
            self._judge = Judge(usual.call, usual.exercise)
        return self._judge

    def close(self) -> None:
        """End the process with all that it started; the next grading begins another."""
        judge, self._judge = self._judge, None
        if judge:
            judge.__exit__()

    def grade(self, exercise: Exercise, source: Source, device: str, seed: int, show: Show) -> Verdict:
        """Return the verdict; `show` is told again and again, in a few words, how far it is."""
        judge, far = self.begin(), Far(0, 0, "")

        def watch(told: Far) -> None:
            far.done, far.of, far.step = told.done, told.of, told.step

        def doing() -> str:
            return f"{far.done} of {far.of} checks · {far.step}" if far.of else "getting ready"

        return self._wait(lambda: judge.grade(exercise, source, device, seed, more=True, watch=watch), doing, show)[0]

    def measure(
        self, exercise: Exercise, source: Source, seed: int, show: Show
    ) -> tuple[dict[str, Cost], dict[str, Cost]]:
        """Return the cost of each step of a submission, and that of each step of the solution."""
        judge = self.begin()
        return self._wait(lambda: judge.measure(exercise, source, seed), lambda: "measuring both", show)

    def _wait(self, work: Callable[[], Result], doing: Callable[[], str], show: Show) -> Result:
        """Wait in this thread, where a kernel's interrupt arrives, for what another one does."""
        started = time.monotonic()
        with ThreadPoolExecutor(1) as other:
            task = other.submit(work)
            try:
                while not _is_done(task):
                    if (waited := time.monotonic() - started) > QUIET_SECONDS:
                        show(f"{doing()} · {waited:.0f} s")
                return task.result()
            except KeyboardInterrupt:
                self._interrupted()
            except Exception as error:
                if not isinstance(error, UsageError):
                    self.close()  # whatever state it is in, the next grading is to begin afresh
                raise
        raise UsageError("interrupted: this cell was not graded, and nothing is left running")

    def _interrupted(self) -> None:
        with contextlib.suppress(KeyboardInterrupt):  # once more: it is ended all the same
            self.close()
        self.begin()


def _is_done(task: Future[Result]) -> bool:
    with contextlib.suppress(TimeoutError):
        task.exception(TICK_SECONDS)
    return task.done()
