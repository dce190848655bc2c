"""`exercise` and `all`: grade files, show the verdicts, keep the attempts."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.commands.options import add_exercise, add_grading, from_here, seed_or_new
from grader.commands.speak import complain, watched, write
from grader.exit_code import ExitCode
from grader.judging.session import Session
from grader.record import workspace as stubs
from grader.record.progress import Progress

if TYPE_CHECKING:
    from grader.verdict import Verdict

# What loads torch or pytest is imported where it is needed: `--help` answers at once.


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    exercise = commands.add_parser("exercise", help="grade one exercise")
    add_exercise(exercise)
    exercise.add_argument("--file", type=Path, help="grade this file as that exercise")
    exercise.add_argument("--svg", metavar="FILE", help="write the report as a picture")
    add_grading(exercise)
    exercise.set_defaults(run=_exercise)
    everything = commands.add_parser("all", help="grade every exercise")
    everything.add_argument("--solutions", action="store_true", help="grade solutions/ instead of exercises/")
    add_grading(everything)
    everything.set_defaults(run=_all)


def _exercise(options: argparse.Namespace, console: Console) -> int:
    exercise = catalogue.find(options.exercise)
    work = [(exercise, options.file or from_here(exercise.stub))]
    verdicts = _grade(options, console, work, keep=options.file is None)
    from grader.reports import to_terminal

    console.print(to_terminal.report(verdicts))
    if options.svg:
        from grader.reports.to_svg import to_svg

        number = verdicts[0].exercise.partition("_")[0]
        write(options.svg, to_svg(to_terminal.report(verdicts), f"python -m grader exercise {number}"))
    return _finish(options, verdicts)


def _all(options: argparse.Namespace, console: Console) -> int:
    work = [(each, from_here(each.solution if options.solutions else each.stub)) for each in catalogue.exercises()]
    verdicts = _grade(options, console, work, keep=not options.solutions)
    from grader.reports import to_terminal

    console.print(to_terminal.summary(verdicts))
    return _finish(options, verdicts)


def _grade(
    options: argparse.Namespace, console: Console, work: list[tuple[Exercise, Path]], *, keep: bool
) -> list[Verdict]:
    """Grade each file as its exercise; `keep` the attempts in the learner's record."""
    seed, progress = seed_or_new(options.seed), Progress()
    verdicts: list[Verdict] = []
    with Session(options.device, options.call_limit, options.limit) as session:
        session.preload(work[0][0])
        stubs.keep_untouched()
        for exercise, path in watched(work, len(work), "grading", console):
            graded = session.grade(exercise, path, seed)
            verdicts += graded
            if keep:
                progress.record(exercise, graded)
    complain(progress.complaint)
    return verdicts


def _finish(options: argparse.Namespace, verdicts: list[Verdict]) -> int:
    from grader.reports.to_json import to_json
    from grader.reports.to_junit import to_junit

    for path, render in ((options.json, to_json), (options.junit, to_junit)):
        if path:
            write(path, render(verdicts))
    return ExitCode.ALL_PASSED if all(verdict.passed for verdict in verdicts) else ExitCode.NOT_ALL_PASSED
