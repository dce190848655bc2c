"""How a made-up class is graded by `batch`: how fast, with how much memory, out of the cache, after a kill, on Dask.

Everything is measured from outside, on the command that staff use.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, find
from grader.proofs.bench.figures import Figure, figure
from grader.proofs.bench.made_up_class import make_class
from grader.proofs.tools.processes import processor_seconds, proportional_memory
from grader.record.results import Results
from grader.record.rows import Result, State
from grader.units import MB

NUMBERS = ("05", "16", "24")
SHARE, DASK_SHARE, CACHE_SECONDS = 0.90, 0.85, 1.0
COURSE = 'exercises = "{exercises}"\nseed = 1\n[limits]\ncall = 3\nexercise = 20\n'
CLUSTER = """\
cluster: distributed.LocalCluster
options: {{n_workers: {count}, threads_per_worker: 1, memory_limit: 0, dashboard_address: null, silence_logs: 50}}
"""
LOOK_SECONDS = 0.5
ALONE = 60  # submissions, from which the time of one alone is taken
KILLS = 3


@dataclass(frozen=True)
class Measured:
    """One run of the command: its seconds, those of processors, its memory in bytes as it went on."""

    seconds: float
    processor: float
    memory: list[int]


def a_class(
    sizes: Sequence[int], numbers: Sequence[str], loops: int, *, dask: bool
) -> Iterator[tuple[str, list[Figure]]]:
    """Yield a table for each size, and one for a class of the smallest size in which some never end."""
    exercises = [find(number) for number in numbers]
    count = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        alone = _alone(Path(folder), exercises)
        for size in sizes:
            yield f"a class of {size:,}", list(_of_size(Path(folder), exercises, size, count, alone))
        smallest = min(sizes)
        rest = [*_loops(Path(folder), exercises, smallest, loops), *_killed(Path(folder), exercises, smallest)]
        if dask:
            rest += _dask(Path(folder), exercises, smallest, count)
        yield f"a class of {smallest:,}, with what goes wrong", rest


def _command(out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "grader", "batch", "--out", str(out), *more]


def _made(folder: Path, name: str, exercises: Sequence[Exercise], size: int, loops: int = 0) -> list[str]:
    """Make a class and its course file; return the arguments that grade it."""
    root = folder / name
    make_class(root / "class", exercises, size, loops)
    (root / "course.toml").write_text(COURSE.format(exercises=",".join(str(each.number) for each in exercises)))
    return [str(root / "class"), "--course", str(root / "course.toml")]


def _alone(folder: Path, exercises: Sequence[Exercise]) -> float:
    """Return the processor seconds of one submission, with one judge at work, start-up apart."""
    given = _made(folder, "alone", exercises, 2 * ALONE)
    few = _made(folder, "few", exercises, ALONE)
    more, less = (_run(_command(folder / out, *what, "--jobs", "1")) for out, what in (("a", given), ("f", few)))
    return (more.processor - less.processor) / ALONE


def _of_size(folder: Path, exercises: Sequence[Exercise], size: int, count: int, alone: float) -> Iterator[Figure]:
    given, out = _made(folder, str(size), exercises, size), folder / f"out-{size}"
    measured = _run(_command(out, *given, "--jobs", str(count)))
    rate = _rate(out)
    yield figure("processor time of one submission, one judge", [alone], "s")
    yield figure("processor time of one submission, all of it by the number", [measured.processor / size], "s")
    yield figure(f"{count} judges, once warm", [rate], "/s")
    yield figure("… as a share of perfect scaling", [rate * alone / count], "", SHARE, at_least=True)
    yield figure("from the start to the end", [measured.seconds], "s")
    early, late = (_highest(part) for part in _halves(measured.memory))
    yield figure("memory in the first half (PSS, peak)", [early / MB], "MB")
    yield figure("memory in the second half, as a share of that", [late / max(early, 1)], "×", 1.1)
    again = _run(_command(out, *given))
    yield figure("once more, out of the cache, for each 1,000", [again.seconds * 1000 / max(size, 1000)], "s",
                 CACHE_SECONDS)  # fmt: skip
    on_disk = out.joinpath("results.sqlite3").stat().st_size
    yield figure("results on the disk, for each submission", [on_disk / size], "bytes")


def _loops(folder: Path, exercises: Sequence[Exercise], size: int, loops: int) -> Iterator[Figure]:
    given, out = _made(folder, "loops", exercises, size, loops), folder / "out-loops"
    measured = _run(_command(out, *given))
    found = [each for each in _results(out) if each.outcome == "timeout"]
    plain = _made(folder, "plain", exercises, size)
    usual = _run(_command(folder / "out-plain", *plain))
    if found:
        each = (measured.seconds - usual.seconds) / len(found)
        yield figure(f"{len(found)} that never end: more wall time for each", [each], "s")


def _killed(folder: Path, exercises: Sequence[Exercise], size: int) -> Iterator[Figure]:
    """Yield what is lost and what is done twice where the command is killed and started again."""
    given, out = _made(folder, "killed", exercises, size), folder / "out-killed"
    for _ in range(KILLS):
        process = subprocess.Popen(_command(out, *given), cwd=places.checkout(), stdout=subprocess.DEVNULL)
        _kill_after_some(process, out, size // (KILLS + 1))
    kept = {each.key: each.at for each in _results(out) if each.state is State.DONE}
    _run(_command(out, *given))
    found = _results(out)
    yield figure("lost by kills", [float(sum(each.state is not State.DONE for each in found))], "", 0)
    yield figure("graded twice", [float(sum(kept.get(each.key, each.at) != each.at for each in found))], "", 0)


def _kill_after_some(process: subprocess.Popen[bytes], out: Path, more: int) -> None:
    before = _done(out)
    while process.poll() is None and _done(out) < before + more:
        time.sleep(LOOK_SECONDS)
    process.kill()
    process.wait()


def _dask(folder: Path, exercises: Sequence[Exercise], size: int, count: int) -> Iterator[Figure]:
    given = _made(folder, "dask", exercises, size)
    file = folder / "cluster.yaml"
    file.write_text(CLUSTER.format(count=count))
    _run(_command(folder / "out-jobs", *given, "--jobs", str(count)))
    _run(_command(folder / "out-dask", *given, "--cluster", str(file)))
    rates = [_rate(folder / out) for out in ("out-dask", "out-jobs")]
    yield figure(f"Dask on this machine, {count} workers, once warm", [rates[0]], "/s")
    yield figure("… as a share of the same with --jobs", [rates[0] / rates[1]], "", DASK_SHARE, at_least=True)


def _run(command: list[str]) -> Measured:
    """Run a command to its end, and look at it now and then."""
    started, processor, memory = time.perf_counter(), 0.0, []
    process = subprocess.Popen(command, cwd=places.checkout(), stdout=subprocess.DEVNULL)
    while process.poll() is None:
        processor = max(processor, processor_seconds(process.pid))
        memory.append(proportional_memory(process.pid))
        time.sleep(LOOK_SECONDS)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Measured(time.perf_counter() - started, processor, memory)


def _results(out: Path) -> list[Result]:
    with Results(out) as results:
        return list(results.results())


def _done(out: Path) -> int:
    if not (out / "results.sqlite3").exists():
        return 0
    with Results(out) as results:
        return results.counts()[State.DONE]


def _rate(out: Path) -> float:
    """Return the submissions per second from the first verdict to the last."""
    times = sorted(each.at for each in _results(out))
    return (len(times) - 1) / max(times[-1] - times[0], 1e-6)


def _halves(memory: list[int]) -> tuple[list[int], list[int]]:
    middle = len(memory) // 2
    return memory[:middle], memory[middle:]


def _highest(memory: list[int]) -> int:
    return max(memory, default=0)
