"""`compare`: the learner's code beside the solution, and how both behave."""

from __future__ import annotations

import argparse

from rich.console import Console

from grader.called import program
from grader.catalogue import catalogue
from grader.catalogue.mark import require_solutions
from grader.commands.options import add_exercise, add_limits, from_here, seed_or_new
from grader.commands.speak import complain
from grader.errors import UsageError
from grader.exit_code import ExitCode
from grader.judging.process import Judge
from grader.judging.source import read_own
from grader.learning import side_by_side as comparison
from grader.record.progress import Progress
from grader.seeds import seed


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this command to the command line."""
    compare = commands.add_parser("compare", help="your code beside the solution")
    add_exercise(compare)
    compare.add_argument("--spoil", action="store_true", help="even before yours has passed")
    compare.add_argument("--seed", type=seed, help="measure with this seed")
    add_limits(compare)
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.shown import to_comparison

    exercise = catalogue.find_own(options.exercise)
    require_solutions()
    progress = Progress()
    passed = progress.has_passed(exercise)
    complain(progress.complaint)
    if not (passed or options.spoil):
        raise UsageError(
            f"{exercise.name} as it stands has not passed, so the solution stays hidden; "
            f"`{program()} exercise {exercise.number:02}` grades it, --spoil shows the solution anyway"
        )
    source = read_own(exercise, from_here(exercise.stub))
    console.print(to_comparison.comparison(exercise, comparison.compare(exercise, source.text)))
    if passed:
        with Judge(options.call_limit, options.limit) as judge, console.status("measuring both"):
            yours, solution = judge.measure(exercise, source, seed_or_new(options.seed))
        console.print(to_comparison.costs(yours, solution))
    return ExitCode.ALL_PASSED
