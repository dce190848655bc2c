"""`exercise` and `all`: grade files, show the verdicts, keep the attempts."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.catalogue.mark import require_solutions
from grader.commands.options import add_exercise, add_grading, from_here, seed_or_new
from grader.commands.speak import complain, watched, write
from grader.exit_code import ExitCode
from grader.judging.process import Judge
from grader.judging.source import read_own
from grader.record import workspace as stubs
from grader.record.progress import Progress
from grader.reports.formats import FORMATS

if TYPE_CHECKING:
    from grader.verdict import Verdict

# What loads torch or pytest is imported where it is needed: `--help` answers at once.


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    exercise = commands.add_parser("exercise", help="grade one exercise")
    add_exercise(exercise)
    exercise.add_argument("--file", type=Path, help="grade this file as that exercise")
    exercise.add_argument("--no-links", action="store_true", help="refuse a link: for files of people you do not trust")
    add_grading(exercise)
    exercise.set_defaults(run=_exercise)
    everything = commands.add_parser("all", help="grade every exercise")
    everything.add_argument("--solutions", action="store_true", help="grade solutions/ instead of exercises/")
    add_grading(everything)
    everything.set_defaults(run=_all)


def _exercise(options: argparse.Namespace, console: Console) -> int:
    exercise, other = catalogue.find_file(options.exercise)
    file = options.file or other
    if file is None:
        catalogue.require_own(exercise)
    [verdicts] = _graded(options, console, [(exercise, file or from_here(exercise.stub))])
    from grader.reports import to_terminal

    console.print(to_terminal.report(verdicts))
    if file is None:  # only now that the verdict is shown: the record may have to wait for another program
        progress = Progress()
        progress.record(exercise, verdicts)
        complain(progress.complaint)
    return _finish(options, verdicts)


def _all(options: argparse.Namespace, console: Console) -> int:
    if options.solutions:
        require_solutions()
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
