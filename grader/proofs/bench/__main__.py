"""How fast a verdict is and how much memory it takes, beside a plain pytest run of the same checks.

Everything is measured in one run, in turn, so that a noisy machine is noisy for all. Run by `tox -e bench`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
from rich.console import Console
from rich.table import Table

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, find
from grader.judging.grading import Grader
from grader.judging.plugin import Runner
from grader.judging.run import Run
from grader.judging.source import read_source
from grader.proofs.bench.watch import debounce_seconds, save_and_switch_seconds
from grader.proofs.tools.in_process import InProcessSubmissions
from grader.proofs.tools.processes import proportional_memory
from grader.units import MB

WARM_RATIO, COLD_RATIO = 1 / 15, 1.2
WARM_SECONDS, LIST_SECONDS, MOST_MEMORY_MB = 0.150, 0.3, 700
SAVE_SECONDS, SWITCH_SECONDS, IDLE_PERCENT = 0.120, 0.150, 1.0


@dataclass(frozen=True)
class Figure:
    """One thing measured: its median and range, and the bound that it is held against."""

    what: str
    median: float
    low: float
    high: float
    unit: str
    bound: float | None = None

    @property
    def within(self) -> str:
        """Whether the median keeps the bound."""
        return "" if self.bound is None else "yes" if self.median <= self.bound else "NO"


def main() -> int:
    """Measure, print a table, and return 0 where every bound is kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m grader.proofs.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="how often each thing is measured (10)")
    parser.add_argument("--exercise", default="05")
    parser.add_argument("--in-process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    exercise = find(options.exercise)
    if options.in_process:
        return _plain_pytest(exercise)
    figures = list(_figures(exercise, options.runs))
    Console().print(_table(figures, options.runs))
    return int(any(figure.within == "NO" for figure in figures))


def _figures(exercise: Exercise, runs: int) -> Iterator[Figure]:
    graded = [sys.executable, "-m", "grader", "exercise", exercise.name, "--file", str(exercise.solution)]
    plain = [sys.executable, "-m", "grader.proofs.bench", "--in-process", "--exercise", exercise.name]
    times: dict[str, list[float]] = {"plain": [], "cold": [], "warm": [], "list": []}
    saves, switches, idle = save_and_switch_seconds(exercise, runs)
    with Grader() as grader:
        source = read_source(exercise.solution)
        grader.grade(exercise, source, seed=0)
        for run in range(runs):
            times["plain"].append(_seconds(lambda: _run(plain)))
            times["cold"].append(_seconds(lambda: _run(graded)))
            times["warm"].append(_seconds(lambda seed=run: grader.grade(exercise, source, seed=seed)))  # type: ignore[misc]
            times["list"].append(_seconds(lambda: _run([sys.executable, "-m", "grader", "list"])))
    yield _figure("plain pytest, checks and solution in one process", times["plain"], "s")
    yield _figure("cold grade", times["cold"], "s")
    yield _figure("warm grade", times["warm"], "s", WARM_SECONDS)
    yield _figure("list", times["list"], "s", LIST_SECONDS)
    yield _figure("cold grade / plain pytest", _ratios(times["cold"], times["plain"]), "×", COLD_RATIO)
    yield _figure("warm grade / plain pytest", _ratios(times["warm"], times["plain"]), "×", WARM_RATIO)
    yield _figure("watch: from a save to its verdict on the screen", saves, "s", SAVE_SECONDS + debounce_seconds())
    yield _figure("watch: from a key to another exercise's verdict", switches, "s", SWITCH_SECONDS)
    yield _figure("watch: load of a processor while idle", [100 * idle], "%", IDLE_PERCENT)
    yield _figure("memory of all processes (PSS, peak)", _peak_memory(graded), "MB", MOST_MEMORY_MB)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=places.checkout(), check=True, stdout=subprocess.DEVNULL)


def _ratios(left: list[float], right: list[float]) -> list[float]:
    return [a / b for a, b in zip(left, right, strict=True)]


def _figure(what: str, values: list[float], unit: str, bound: float | None = None) -> Figure:
    return Figure(what, statistics.median(values), min(values), max(values), unit, bound)


def _table(figures: list[Figure], runs: int) -> Table:
    table = Table(title=f"medians of {runs} runs in turn, {os.cpu_count()} processors", box=None, title_justify="left")
    for name in ("", "median", "lowest", "highest", "bound", "kept"):
        table.add_column(name, justify="left" if not name else "right")
    for each in figures:
        numbers = [f"{value:.3g} {each.unit}" for value in (each.median, each.low, each.high)]
        bound = "" if each.bound is None else f"{each.bound:.3g} {each.unit}"
        table.add_row(each.what, *numbers, bound, each.within)
    return table


def _peak_memory(command: list[str]) -> list[float]:
    """Return the proportional set size of a whole grading, as its largest value in a few runs, in MB."""
    if not psutil.LINUX:  # no other system tells what is shared
        return [0.0]
    return [_peak_of(command) for _ in range(3)]


def _peak_of(command: list[str]) -> float:
    process = subprocess.Popen(command, cwd=places.checkout(), stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        time.sleep(0.05)
        peak = max(peak, proportional_memory(process.pid))
    return peak / MB


def _plain_pytest(exercise: Exercise) -> int:
    """Run the checks as any pytest suite would be: the solution imported beside them, no sandbox at all."""
    import pytest

    served = InProcessSubmissions(exercise, read_source(exercise.solution))
    runner = Runner(exercise, "cpu", tuple)
    runner.runs = [Run(exercise, 0, served.serve)]
    return int(pytest.main(["-q", "--noconftest", str(exercise.checks)], plugins=[runner]))


if __name__ == "__main__":
    sys.exit(main())
