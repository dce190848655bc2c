"""The log of a batch: a line for each thing that happens, written at once, so that it can be followed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType

from grader.batch.task import Ended
from grader.errors import UsageError
from grader.harmless import one_line
from grader.record.rows import State, Submission


class Log:
    """Writes at the end of a file; use as a context."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8", errors="replace", buffering=1)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from None

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind:
            self.say(f"ended early: {'interrupted' if kind is KeyboardInterrupt else error}")
        self._file.close()

    def say(self, text: str) -> None:
        """Write a line with the time."""
        self._file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {one_line(text)}\n")

    def graded(self, submission: Submission, ended: Ended) -> None:
        """Write how a grading ended."""
        who = f"{submission.exercise} {submission.student} {submission.path}"
        if ended.state is State.FAULT:
            self.say(f"{who}: a fault of the grader, to be tried again: {ended.fault}")
            return
        score = json.loads(ended.verdict_json)["score"]
        steps = f"{score['passed']} of {score['total']} steps"
        self.say(f"{who}: {ended.outcome}, {steps}, {ended.seconds:.2f} s on {ended.machine}")
