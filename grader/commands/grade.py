"""`exercise` and `all`: grade files, show the verdicts, keep the attempts."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.catalogue.mark import require_solutions
from grader.commands.options import add_exercise, add_grading, from_here, seed_or_new
from grader.commands.speak import complain, watched, write
from grader.errors import UsageError
from grader.exit_code import ExitCode
from grader.judging.process import Judge
from grader.judging.source import read_own
from grader.record import workspace as stubs
from grader.record.practised import Practised
from grader.record.progress import Progress
from grader.reports.formats import FORMATS
from grader.sandbox.shared.policy import PRETEND

if TYPE_CHECKING:
    from grader.verdict import Verdict

# What loads torch or pytest is imported where it is needed: `--help` answers at once.


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    exercise = commands.add_parser("exercise", help="grade one exercise")
    add_exercise(exercise)
    exercise.add_argument("--file", type=Path, help="grade this file as that exercise")
    exercise.add_argument("--no-links", action="store_true", help="refuse a link: for files of people you do not trust")
    exercise.add_argument(
        "-v", "--verbose", action="store_true", help="tell every failed check in full, and what it was called with"
    )
    add_grading(exercise)
    exercise.set_defaults(run=_exercise)
    everything = commands.add_parser("all", help="grade every exercise")
    everything.add_argument("--solutions", action="store_true", help="grade solutions/ instead of exercises/")
    add_grading(everything, also=[PRETEND])
    everything.set_defaults(run=_all)


def _exercise(options: argparse.Namespace, console: Console) -> int:
    exercise, other = catalogue.find_file(options.exercise)
    file = options.file or other
    if file is None:
        catalogue.require_own(exercise)
    [verdicts] = _graded(options, console, [(exercise, file or from_here(exercise.stub))])
    from grader.reports import to_terminal

    console.print(to_terminal.report(verdicts, verbose=options.verbose))
    if catalogue.is_review(exercise, file):
        _keep_review(exercise, verdicts, console)
    elif file is None:  # only now that the verdict is shown: the record may have to wait for another program
        _keep(exercise, verdicts, console)
    return _finish(options, verdicts)


def _keep(exercise: Exercise, verdicts: list[Verdict], console: Console) -> None:
    """Keep an attempt; where it is the first that passes with this text, show what the exercise has taught."""
    progress = Progress()
    passes = all(each.passed for each in verdicts)
    is_new = passes and not progress.has_passed(exercise)
    progress.record(exercise, verdicts)
    complain(progress.complaint)
    if is_new:
        from grader.learning import taught
        from grader.learning.shown import to_taught

        console.print(to_taught.after_a_pass(exercise, taught.lessons(exercise)))


def _keep_review(exercise: Exercise, verdicts: list[Verdict], console: Console) -> None:
    """Keep an attempt at an exercise that was handed out once more; where it passed, show it beside the first time."""
    from grader.learning.practice import review
    from grader.learning.shown import to_review

    practised = Practised()
    before = practised.history()
    if moment := review.began(before, exercise):
        practised.keep_review(exercise, moment, verdicts)
        after, now = practised.history(), time.time()
        if review.is_over(after, exercise) and not review.is_over(before, exercise):
            console.print(to_review.recalled(review.recalled(after, exercise, now), now))
        else:
            for line in to_review.met_again(review.met_again(after, exercise, since=after.again[-1].at)):
                console.print(line)
    complain(practised.complaint)


def _all(options: argparse.Namespace, console: Console) -> int:
    if options.solutions:
        require_solutions()
    if options.device == PRETEND:
        _pretend(solutions=options.solutions)
    work = [(each, from_here(each.solution if options.solutions else each.stub)) for each in catalogue.own()]
    verdicts, progress = [], Progress()
    for (exercise, _), graded in zip(work, _graded(options, console, work), strict=True):
        verdicts += graded
        if not options.solutions:
            progress.record(exercise, graded)
    from grader.reports import to_terminal

    console.print(to_terminal.summary(verdicts))
    complain(progress.complaint)
    return _finish(options, verdicts)


def _pretend(*, solutions: bool) -> None:
    if not solutions:
        raise UsageError(f"--device {PRETEND} is there to prove solutions on: add --solutions")
    from grader.proofs.accelerator import building

    building.build()


def _graded(
    options: argparse.Namespace, console: Console, work: list[tuple[Exercise, Path]]
) -> Iterator[list[Verdict]]:
    """Grade each file as its exercise; yield its verdicts, one for each device."""
    seed, follow_links = seed_or_new(options.seed), not getattr(options, "no_links", False)
    limits, device = (options.call_limit, options.limit), options.device
    with Judge(*limits, strict=options.strict, device=device, launcher=options.launcher) as judge:
        stubs.keep_untouched()
        for number, (exercise, path) in enumerate(watched(work, len(work), "grading", console), 1):
            source = read_own(exercise, path, follow_links=follow_links)
            yield judge.grade(exercise, source, device, seed, more=number < len(work))


def _finish(options: argparse.Namespace, verdicts: list[Verdict]) -> int:
    for each in FORMATS:
        if path := getattr(options, each.name):
            write(path, each.render(verdicts))
    return ExitCode.ALL_PASSED if all(verdict.passed for verdict in verdicts) else ExitCode.NOT_ALL_PASSED
