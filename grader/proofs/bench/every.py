"""How long a warm verdict takes in every exercise, beside a plain pytest run of the same checks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from grader.catalogue.catalogue import Exercise
from grader.judging.grading import Grader
from grader.judging.source import read_source
from grader.proofs.bench.figures import Figure, figure

SETTLE_SECONDS = 0.4  # a learner does not save again sooner; meanwhile the next verdict is prepared
SUM_SECONDS, MEDIAN_SECONDS, MOST_SECONDS = 8.0, 0.10, 0.9


def every_exercise(chosen: Sequence[Exercise], runs: int, plain: Callable[[Exercise], float]) -> Iterator[Figure]:
    """Yield the seconds of a prepared verdict on each solution, then what bounds there are on all; `plain` measures."""
    medians, ratios = [], []
    with Grader() as grader:
        for exercise in chosen:
            seconds = [prepared_seconds(grader, exercise, seed) for seed in range(runs + 1)][1:]  # the first one loads
            medians.append(statistics.median(seconds))
            ratios.append(medians[-1] / (beside := plain(exercise)))
            yield figure(f"{exercise.name} (plain pytest {beside:.2f} s)", seconds, "s", MOST_SECONDS)
    yield Figure("sum of these medians", sum(medians), sum(medians), sum(medians), "s", SUM_SECONDS)
    yield figure("median of these medians", medians, "s", MEDIAN_SECONDS)
    yield figure("warm / plain pytest", ratios, "×")


def on_device(chosen: Sequence[Exercise], runs: int, device: str) -> Iterator[Figure]:
    """Yield the seconds of a prepared verdict on each solution on a device, then their sum."""
    medians = []
    with Grader(device) as grader:
        for exercise in chosen:
            seconds = [prepared_seconds(grader, exercise, seed) for seed in range(runs + 1)][1:]  # the first one loads
            medians.append(statistics.median(seconds))
            yield figure(exercise.name, seconds, "s")
    yield Figure("sum of these medians", sum(medians), sum(medians), sum(medians), "s")


def prepared_seconds(grader: Grader, exercise: Exercise, seed: int) -> float:
    """Return how long a verdict on the solution takes, once there was time to get ready for it."""
    grader.prepare(exercise)
    time.sleep(SETTLE_SECONDS)
    started = time.perf_counter()
    verdict = grader.grade(exercise, read_source(exercise.solution), seed=seed)
    seconds = time.perf_counter() - started
    assert verdict.passed, f"{exercise.name} does not pass"
    return seconds
