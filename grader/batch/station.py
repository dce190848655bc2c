"""One warm judge, which grades one task after the other, and is replaced when it dies or has grown."""

from __future__ import annotations

import contextlib
import json
import platform
import threading
import time
from pathlib import Path

import psutil

from grader.batch.task import Ended, How, Task
from grader.catalogue.catalogue import Exercise, find
from grader.errors import GraderError, UsageError
from grader.judging.process import Judge
from grader.judging.source import Source
from grader.record.rows import State
from grader.units import MB
from grader.verdict import Outcome, Verdict

TRIES = 2  # with a judge of its own each, before a fault is one
MOST_GROWTH = 400 * MB  # of a judge, beyond what it had after its first grading
LATEST_SECONDS = 180.0  # beyond the time of the exercise: two gradings of a check, and that of the solution


class Unfit(UsageError):
    """A machine lacks what the course requires."""


class Station:
    """Grades until it is closed; use as a context. `alone`, it gives each check a process of its own."""

    def __init__(self, how: How, *, alone: bool = False) -> None:
        self._how = how
        self._alone = alone
        self._judge: Judge | None = None
        self._first_size = 0
        self._closed = False
        self._lock = threading.Lock()  # no judge is started once it is closed
        self.graded = 0

    def __enter__(self) -> Station:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """End what is under way, from any thread; what was asked for ends with a fault."""
        with self._lock:
            self._closed = True
            if self._judge:
                self._judge.kill()

    def close(self) -> None:
        """End the judge, with all that it started."""
        self.stop()
        self._replace()

    def warm_up(self, exercise: Exercise, device: str) -> tuple[str, ...]:
        """Load everything by grading what was handed out; return how submissions are confined here.

        Raise Unfit where that is less than is required, UsageError for a device that is not here, GraderError where
        nothing can be graded.
        """
        text = exercise.handed_out.read_text(encoding="utf-8")
        try:
            verdict = self._verdict(Task("", exercise.name, text, "", device, 0))
        except UsageError:
            raise
        except GraderError as fault:
            raise GraderError(f"{platform.node()} cannot grade: {fault}") from None
        if missing := _missing(self._how, verdict):
            raise Unfit(f"{platform.node()} lacks {missing}, which the course requires")
        return verdict.isolation

    def grade(self, task: Task) -> Ended:
        """Return how a task ended; never raise for a fault, but UsageError for a device that is not here."""
        fault = ""
        for _ in range(TRIES):
            if self._closed:
                break
            try:
                verdict = self._verdict(task)
            except UsageError:
                raise
            except GraderError as error:
                fault = str(error)
                self._replace()
                continue
            if missing := _missing(self._how, verdict):
                fault = f"{platform.node()} lacks {missing}, which the course requires"
                break
            return _ended(task, verdict)
        return Ended(task.key, State.FAULT, fault=fault or "interrupted", at=time.time(), machine=platform.node())

    def _verdict(self, task: Task) -> Verdict:
        exercise = find(task.exercise)
        source = Source(Path(f"{exercise.name}.py"), task.text, task.sha256)
        with self._lock:
            if self._closed:
                raise GraderError("interrupted")
            judge = self._judge = self._judge or self._started()
        late = threading.Timer(2 * self._how.exercise + LATEST_SECONDS, judge.kill)
        late.daemon = True
        late.start()
        try:
            # Nobody waits for the next one: a child that is prepared for it may be in vain, and costs a twentieth more.
            [verdict] = judge.grade(exercise, source, task.device, task.seed, more=False)
        finally:
            late.cancel()
        self.graded += 1
        if self._has_grown(judge):
            self._replace()
        return verdict

    def _started(self) -> Judge:
        how = self._how
        strict = how.strict or self._alone
        return Judge(how.call, how.exercise, strict=strict, impatient=not how.every_timeout)

    def _replace(self) -> None:
        judge, self._judge = self._judge, None
        self._first_size = 0
        if judge:
            judge.__exit__()

    def _has_grown(self, judge: Judge) -> bool:
        size = _size(judge.pid)
        self._first_size = self._first_size or size
        return size - self._first_size > MOST_GROWTH


def _missing(how: How, verdict: Verdict) -> str:
    absent = (part for part in how.require if not any(each.split("-")[0] == part for each in verdict.isolation))
    return " and ".join(absent)


def _ended(task: Task, verdict: Verdict) -> Ended:
    timed_out = any(step.outcome is Outcome.TIMEOUT for step in verdict.steps)
    text = json.dumps(verdict.to_dict(), ensure_ascii=False)
    return Ended(
        task.key, State.DONE, verdict.outcome, text, at=time.time(), seconds=verdict.seconds, machine=platform.node(),
        timed_out=timed_out,
    )  # fmt: skip


def _size(pid: int) -> int:
    """Return the resident bytes of a process; 0 where the system does not tell."""
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0
