"""How fast a verdict is and how much memory it takes, beside a plain pytest run of the same checks.

Everything is measured in one run, in turn, so that a noisy machine is noisy for all. Run by `tox -e bench`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
from rich.console import Console

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, exercises, find
from grader.judging.grading import Grader
from grader.judging.plugin import Runner
from grader.judging.run import Run
from grader.judging.source import read_source
from grader.proofs.bench.every import every_exercise, on_device, prepared_seconds
from grader.proofs.bench.figures import Figure, figure, table
from grader.proofs.bench.of_class import NUMBERS, a_class
from grader.proofs.bench.throughput import throughput
from grader.proofs.bench.watch import save_and_switch_seconds
from grader.proofs.tools.in_process import InProcessSubmissions
from grader.proofs.tools.processes import proportional_memory
from grader.units import MB

WARM_RATIO, COLD_RATIO = 1 / 15, 0.6
WARM_SECONDS, LIST_SECONDS, MOST_MEMORY_MB = 0.060, 0.12, 300
EVERY_RUNS = 5
DEVICE_RUNS = 3
SAVE_SECONDS, SWITCH_SECONDS, IDLE_PERCENT = 0.100, 0.150, 1.0


def main() -> int:
    """Measure, print a table, and return 0 where every bound is kept, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m grader.proofs.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="how often each thing is measured (10)")
    parser.add_argument("--exercise", default="05")
    parser.add_argument("--in-process", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--class", dest="of_class", action="store_true", help="instead, how a class is graded")
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 2000], help="of the classes (200 2000)")
    parser.add_argument("--exercises", nargs="+", default=list(NUMBERS), help="that are handed in (05 16 24)")
    parser.add_argument("--loops", type=int, default=5, help="percent that never end, in one of the classes (5)")
    parser.add_argument("--dask", action="store_true", help="also on Dask, on this machine")
    parser.add_argument("--device", default="", help="instead, how long each verdict takes on this device")
    parser.add_argument("--json", type=Path, metavar="FILE", help="with --device: also write the figures there")
    options = parser.parse_args()
    exercise = find(options.exercise)
    if options.in_process:  # a solution may write where it stands
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            return _plain_pytest(exercise)
    if options.device:
        return _on_device(options.device, options.json)
    if options.of_class:
        return _show(a_class(options.sizes, options.exercises, options.loops, dask=options.dask))
    tables = {
        f"medians of {options.runs} runs in turn": _figures(exercise, options.runs),
        f"prepared verdicts, medians of {EVERY_RUNS} runs": every_exercise(exercises(), EVERY_RUNS, _plain_seconds),
        "a class": throughput(),
    }
    return _show(tables.items())


def _on_device(device: str, file: Path | None) -> int:
    """Measure every verdict on a device, which is held against no bound; return 0."""
    figures = list(on_device(exercises(), DEVICE_RUNS, device))
    Console().print(table(f"prepared verdicts on {device}, medians of {DEVICE_RUNS} runs", figures))
    if file:
        file.write_text(json.dumps({"device": device, "figures": [asdict(each) for each in figures]}), encoding="utf-8")
    return 0


def _show(tables: Iterable[tuple[str, Iterable[Figure]]]) -> int:
    """Print each table as it is measured; return 0 where every bound is kept."""
    kept = True
    for title, found in tables:
        figures = list(found)
        Console().print(table(title, figures))
        kept &= all(each.within != "NO" for each in figures)
    return int(not kept)


def _plain_seconds(exercise: Exercise) -> float:
    return _seconds(lambda: _run(_plain(exercise)))


def _plain(exercise: Exercise) -> list[str]:
    return [sys.executable, "-m", "grader.proofs.bench", "--in-process", "--exercise", exercise.name]


def _figures(exercise: Exercise, runs: int) -> Iterator[Figure]:
    graded = [sys.executable, "-m", "grader", "exercise", exercise.name, "--file", str(exercise.solution)]
    times: dict[str, list[float]] = {"plain": [], "cold": [], "warm": [], "list": []}
    saves, switches, idle = save_and_switch_seconds(exercise, runs)
    with Grader() as grader:
        grader.grade(exercise, read_source(exercise.solution), seed=0)
        for run in range(runs):
            times["plain"].append(_plain_seconds(exercise))
            times["cold"].append(_seconds(lambda: _run(graded)))
            times["warm"].append(prepared_seconds(grader, exercise, run))
            times["list"].append(_seconds(lambda: _run([sys.executable, "-m", "grader", "list"])))
    yield figure("plain pytest, checks and solution in one process", times["plain"], "s")
    yield figure("cold grade", times["cold"], "s")
    yield figure("prepared grade", times["warm"], "s", WARM_SECONDS)
    yield figure("list", times["list"], "s", LIST_SECONDS)
    yield figure("cold grade / plain pytest", _ratios(times["cold"], times["plain"]), "×", COLD_RATIO)
    yield figure("prepared grade / plain pytest", _ratios(times["warm"], times["plain"]), "×", WARM_RATIO)
    yield figure("watch: from a save to its verdict on the screen", saves, "s", SAVE_SECONDS)
    yield figure("watch: from a key to another exercise's verdict", switches, "s", SWITCH_SECONDS)
    yield figure("watch: load of a processor while idle", [100 * idle], "%", IDLE_PERCENT)
    yield figure("memory of all processes (PSS, peak)", _peak_memory(graded), "MB", MOST_MEMORY_MB)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=places.checkout(), check=True, stdout=subprocess.DEVNULL)


def _ratios(left: list[float], right: list[float]) -> list[float]:
    return [a / b for a, b in zip(left, right, strict=True)]


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
    runner = Runner(exercise, "cpu")
    runner.current = Run(exercise, 0, served.serve)
    return int(pytest.main(["-q", "--noconftest", str(exercise.checks)], plugins=[runner]))


if __name__ == "__main__":
    sys.exit(main())
