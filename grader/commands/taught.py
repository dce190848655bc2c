"""`taught`: what a passed exercise has taught, right answers of other shapes, and what the learner's own costs."""

from __future__ import annotations

import argparse

from rich.console import Console

from grader.called import program
from grader.catalogue import catalogue
from grader.catalogue.mark import withheld_by
from grader.commands.options import add_exercise, add_limits, from_here, seed_or_new
from grader.commands.speak import complain
from grader.errors import UsageError
from grader.exit_code import ExitCode
from grader.judging.process import Judge
from grader.judging.source import read_own
from grader.learning import taught
from grader.record.progress import Progress
from grader.seeds import seed


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this command to the command line."""
    told = commands.add_parser("taught", help="what a passed exercise has taught, and what your answer costs")
    add_exercise(told)
    told.add_argument("--seed", type=seed, help="measure with this seed")
    add_limits(told)
    told.set_defaults(run=_taught)


def _taught(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.shown import to_comparison, to_taught

    exercise, progress = catalogue.find_own(options.exercise), Progress()
    passed = progress.has_passed(exercise)
    complain(progress.complaint)
    if not passed:
        number = f"{exercise.number:02}"
        raise UsageError(
            f"{exercise.name} as it stands has not passed; `{program()} exercise {number}` grades it, and once it has "
            f"passed, `{program()} taught {number}` says what it has taught"
        )
    source = read_own(exercise, from_here(exercise.stub))
    lessons, ways = taught.lessons(exercise), taught.ways(exercise, source.text)
    console.print(to_taught.everything(exercise, lessons, ways, taught.read_on(exercise)))
    if not withheld_by():
        with Judge(options.call_limit, options.limit) as judge, console.status("measuring"):
            yours, solution = judge.measure(exercise, source, seed_or_new(options.seed))
        console.print(to_comparison.costs(yours, solution))
    return ExitCode.ALL_PASSED
