"""Proves that nothing odd in a learner's file is refused, breaks the grader, or looks like cheating.

Lays each oddity of the battery over solutions, grades them, and looks at how they end and what is said of them. With
`--quick`, each is tried with one exercise only, the next one another; `--turn` has them begin elsewhere.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.progress import track

from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.source import Source, read_source
from grader.learning.shown.to_comparison import comparison
from grader.learning.side_by_side import compare
from grader.proofs.oddities import to_oddities
from grader.proofs.oddities.corpus import NOT_READ, Oddity, Result, oddities
from grader.proofs.tools.processes import family
from grader.record.workspace import is_untouched
from grader.reports import to_terminal
from grader.reports.to_json import from_json, to_json
from grader.reports.to_junit import to_junit
from grader.sandbox.parent import launch
from grader.verdict import CheckResult, Outcome, Verdict

SEED = 1
LIMITS = Limits(call=20.0, exercise=120.0)  # the machine may be busy
SECONDS_TO_CLEAN_UP = 10.0
FAULT = "fault of the grader"
MADE_BY_TORCH = "torchinductor_"  # where its compiler is imported, in this process as well


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the battery, print a table, and return 0 where all of it ended as it must, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m grader.proofs.oddities", description=__doc__)
    parser.add_argument("names", nargs="*", help="try only the oddities whose names hold one of these")
    parser.add_argument("--quick", action="store_true", help="try each with one exercise only")
    parser.add_argument("--turn", type=int, default=0, help="how far to move on through the exercises")
    parser.add_argument("--exercises", nargs="+", metavar="NN", help="try only these exercises")
    options = parser.parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    started = time.perf_counter()
    pairs = list(_pairs(oddities(options.names), options.turn if options.quick else None, options.exercises))
    # One exercise after the other: its checks stay collected, and its modules loaded.
    pairs.sort(key=lambda pair: pair[1].number)
    with Bench() as bench:
        watched = track(pairs, "trying", console=console, transient=True, disable=not console.is_terminal)
        results = [bench.run(oddity, exercise) for oddity, exercise in watched]
    results.sort(key=lambda result: result.oddity.name)
    console.print(to_oddities.table(results, time.perf_counter() - started))
    return int(any(result.troubles for result in results))


def _pairs(
    chosen: Sequence[Oddity], turn: int | None, only: Sequence[str] | None = None
) -> Iterator[tuple[Oddity, Exercise]]:
    """Yield what to try: each oddity with every exercise that it fits, or in turn with one."""
    for number, oddity in enumerate(chosen):
        fitting = [each for each in oddity.exercises if not only or f"{each.number:02}" in only]
        if oddity.applies and fitting:
            tried = fitting if turn is None else fitting[(number + turn) % len(fitting) :][:1]
            yield from ((oddity, exercise) for exercise in tried)


class Bench:
    """A warm grader, and a folder for all that is written. Use as a context."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="oddities-")
        self._learner, self._scratch = Path(self._folder.name, "learner"), Path(self._folder.name, "tmp")
        self._learner.mkdir()
        self._scratch.mkdir()
        self._kept, tempfile.tempdir = tempfile.tempdir, str(self._scratch)
        self._launcher = launch.start("cpu")
        self._launcher.expect(more=True)
        self._grader = Grader("cpu", LIMITS, self._launcher)
        self._own = set(family(os.getpid()))

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._grader.close()
        self._launcher.close()
        tempfile.tempdir = self._kept
        self._folder.cleanup()

    def run(self, oddity: Oddity, exercise: Exercise) -> Result:
        """Grade one oddity with one exercise."""
        started = time.perf_counter()
        for path in self._learner.iterdir():
            path.unlink()
        path = self._learner / exercise.stub.name
        path.write_bytes(oddity.made_of(exercise))
        if beside := oddity.said.get("beside"):
            (self._learner / beside).write_text("", encoding="utf-8")
        try:
            verdict = self._grader.grade(exercise, source := read_source(path), seed=SEED)
        except UsageError as error:
            seen, troubles = NOT_READ, [*_unlike(oddity, NOT_READ, str(error), "")]
        except Exception as fault:  # the command line would call each of them a fault of the grader
            seen, troubles = FAULT, [f"{type(fault).__name__}: {fault}"]
        else:
            seen, troubles = str(verdict.outcome), [*_told(oddity, verdict), *_compared(exercise, source, verdict)]
        return Result(oddity, exercise, seen, (*troubles, *self._left()), time.perf_counter() - started)

    def _left(self) -> Iterator[str]:
        """Tell what is left of a grading after a while: folders and processes."""
        deadline = time.monotonic() + SECONDS_TO_CLEAN_UP
        while (left := [*self._files(), *self._strangers()]) and time.monotonic() < deadline:
            time.sleep(0.01)
        yield from (f"{each} is left" for each in left)

    def _files(self) -> list[str]:
        return [str(path) for path in self._scratch.iterdir() if not path.name.startswith(MADE_BY_TORCH)]

    def _strangers(self) -> list[str]:
        return [str(each) for each in family(os.getpid()) if each not in self._own]


def _told(oddity: Oddity, verdict: Verdict) -> Iterator[str]:
    """Tell what is wrong with a verdict, and whether it can be shown and read back."""
    try:
        shown = _drawn(to_terminal.report([verdict]))
        if from_json(to_json([verdict])) != [verdict]:
            yield "the verdict comes back from JSON as another one"
        to_junit([verdict]).encode()
    except Exception as error:
        yield f"the verdict cannot be shown: {type(error).__name__}: {error}"
        return
    check = _first(verdict)
    yield from _unlike(oddity, verdict.outcome, check.said if check else "", shown)


def _compared(exercise: Exercise, source: Source, verdict: Verdict) -> Iterator[str]:
    """Tell where what else reads a learner's text breaks on it: the comparison with the solution, and a reset."""
    try:
        _drawn(comparison(exercise, compare(exercise, source.text)))
        is_untouched(exercise, source.text)
    except UsageError as error:
        if verdict.outcome is not Outcome.RAISED:
            yield f"it cannot be compared: {error}"
    except Exception as fault:
        yield f"it breaks what reads it: {type(fault).__name__}: {fault}"


def _unlike(oddity: Oddity, seen: str, said: str, shown: str) -> Iterator[str]:
    if seen != oddity.ending:
        yield f"it ended as {seen}, not as {oddity.ending}: {said[:300]}"
    elif oddity.said.get("says", "") not in said:
        yield f"it is said: {said[:300]}; not: {oddity.said['says']}"
    elif oddity.said.get("shows", "") not in shown:
        yield f"it is not shown: {oddity.said['shows']}"


def _first(verdict: Verdict) -> CheckResult | None:
    """Return the first check of those that ended worst."""
    checks = (check for step in verdict.steps for check in step.checks if check.outcome is verdict.outcome)
    return None if verdict.outcome is Outcome.PASSED else next(checks, None)


def _drawn(shown: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=300)
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
