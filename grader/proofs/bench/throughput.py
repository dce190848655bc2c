"""How many submissions of a mixed class are graded in a second, by one warm judge and by one for each processor."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from grader.catalogue.catalogue import Exercise, find
from grader.judging.clock import Limits
from grader.judging.overlay import lay_over
from grader.judging.process import Judge
from grader.judging.source import Source, read_source
from grader.proofs.bench.figures import Figure
from grader.proofs.tools.processes import processor_seconds

CLASS = ("05", "16", "24")
OF_EACH = 8
SHARE = 0.90  # of perfect scaling: processors by the processor time that a submission takes alone

Submission = tuple[Exercise, Source]


def throughput() -> Iterator[Figure]:
    """Yield submissions per second on one processor and on all, and the latter as a share of perfect scaling."""
    handed_in = list(_class())
    processors = os.cpu_count() or 1
    one, alone = _rate(handed_in, 1)
    many, _ = _rate(handed_in * processors, processors)
    yield Figure("a mixed class, one judge", one, one, one, "/s")
    yield Figure("processor time for each submission, alone", alone, alone, alone, "s")
    yield Figure(f"the same class, {processors} judges", many, many, many, "/s")
    share = many * alone / processors
    yield Figure("… as a share of perfect scaling", share, share, share, "", SHARE, at_least=True)


def _class() -> Iterator[Submission]:
    """Yield right, wrong and unwritten submissions of three exercises, in turn."""
    of_each = [_handed_in(find(number)) for number in CLASS]
    for together in zip(*of_each, strict=True):
        yield from together


def _handed_in(exercise: Exercise) -> list[Submission]:
    solution = read_source(exercise.solution)
    wrong = itertools.cycle(sorted(exercise.wrong_answers.glob("*.py")))
    kinds = itertools.cycle([solution, None, None, read_source(exercise.handed_out)])
    sources = [kind or _laid_over(solution, next(wrong)) for kind in itertools.islice(kinds, OF_EACH)]
    return [(exercise, source) for source in sources]


def _laid_over(solution: Source, answer: Path) -> Source:
    return Source(answer, lay_over(solution.text, answer.read_text(encoding="utf-8")), "")


def _rate(handed_in: list[Submission], count: int) -> tuple[float, float]:
    """Return the submissions per second with so many judges, and the processor seconds that each submission took."""
    limits, shares = Limits(), [handed_in[number::count] for number in range(count)]
    with ExitStack() as ending, ThreadPoolExecutor(count) as pool:
        judges = [ending.enter_context(Judge(limits.call, limits.exercise)) for _ in range(count)]
        list(pool.map(_grade, judges, [handed_in[: len(CLASS)]] * count))  # they load what they need
        before, started = processor_seconds(os.getpid()), time.perf_counter()
        list(pool.map(_grade, judges, shares))
        seconds = time.perf_counter() - started
        return len(handed_in) / seconds, (processor_seconds(os.getpid()) - before) / len(handed_in)


def _grade(judge: Judge, share: list[Submission]) -> None:
    for exercise, source in share:
        judge.grade(exercise, source, "cpu", seed=1)
