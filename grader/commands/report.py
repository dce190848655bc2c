"""`report`: what comes out of the results of a class."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from grader import new_files
from grader.commands.options import add_chosen
from grader.errors import UsageError
from grader.exit_code import ExitCode

if TYPE_CHECKING:
    from grader.batch.out.reporting import Reporting

# What is written to one file, by the name of its flag, and what it is.
FILES = {
    "csv": "a row for each student and exercise, for spreadsheets",
    "json": "everything, verdicts too",
    "junit": "JUnit XML, a suite for each student and exercise",
}
STANDARD_OUTPUT = Path("-")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this command to the command line."""
    report = commands.add_parser("report", help="what comes out of the results of a class (for course staff)")
    report.add_argument("results", type=Path, metavar="RESULTS", help="the folder that `batch` keeps them in")
    add_chosen(report)
    report.add_argument("--html", type=Path, metavar="DIR", help="a page for the class and one for each student")
    for name, what in FILES.items():
        report.add_argument(f"--{name}", dest=f"to_{name}", type=Path, metavar="FILE", help=f"{what}; - to print it")
    report.add_argument("--canvas", type=Path, metavar="CSV", help="fill this export of Canvas's gradebook")
    report.add_argument("--moodle", type=Path, metavar="CSV", help="fill this grading worksheet of Moodle")
    report.add_argument("--column", default="", metavar="NAME", help="the column of that sheet that takes all points")
    report.add_argument("--scale", action="store_true", help="count in the points that the sheet gives")
    report.add_argument(
        "--moodle-feedback", type=Path, metavar="ZIP", help="each student's page, for Moodle to hand out"
    )
    report.add_argument("--similarity", type=Path, metavar="DIR", help="files for JPlag, Dolos and compare50")
    report.add_argument("--without-names", action="store_true", help="numbers stand for students")
    report.add_argument("--in-full", action="store_true", help="students' pages show all, whatever the course says")
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace, console: Console) -> int:
    printed = [name for name in FILES if getattr(options, f"to_{name}") == STANDARD_OUTPUT]
    if len(printed) > 1:
        raise UsageError(f"standard output can take one of {' and '.join(f'--{name}' for name in printed)}, not both")
    people = Console(stderr=True, highlight=False) if printed else console
    targets = _targets(options)
    for path in targets:
        new_files.require_new(path)
    for folder in filter(None, (options.html, options.similarity)):
        new_files.require_empty(folder)
    with _reporting(options) as reporting:
        for line in _written(options, reporting):
            people.print(Text(line), soft_wrap=True)
        if not (targets or printed or options.html or options.similarity):
            people.print(reporting.overview())
    return ExitCode.ALL_PASSED


@contextlib.contextmanager
def _reporting(options: argparse.Namespace) -> Iterator[Reporting]:
    from grader.batch.out.reporting import Reporting
    from grader.record.results import Results

    with Results(options.results) as results:
        yield Reporting(
            results, options.exercises, datetime.now(UTC), without_names=options.without_names,
            in_full=options.in_full,
        )  # fmt: skip


def _targets(options: argparse.Namespace) -> list[Path]:
    """Return the files that will be written and must not be there."""
    given = [*(getattr(options, f"to_{name}") for name in FILES), options.moodle_feedback,
             *(_beside(sheet) for sheet in (options.canvas, options.moodle) if sheet)]  # fmt: skip
    return [path for path in given if path and path != STANDARD_OUTPUT]


def _beside(sheet: Path) -> Path:
    """Return where the filled sheet goes: the exported one stays as it is."""
    return sheet.with_name(f"{sheet.stem}-graded{sheet.suffix}")


def _written(options: argparse.Namespace, reporting: Reporting) -> Iterator[str]:
    """Write everything that was asked for; yield a line about each."""
    if options.canvas:
        content, told = reporting.canvas(options.canvas, options.column, scaled=options.scale)
        yield from _new(_beside(options.canvas), content, told)
    if options.moodle:
        sheet, said = reporting.moodle(options.moodle, options.column, scaled=options.scale)
        yield from _new(_beside(options.moodle), sheet, [said])
    if options.moodle_feedback:
        yield from _new(options.moodle_feedback, *reporting.moodle_feedback())
    for name in FILES:
        if path := getattr(options, f"to_{name}"):
            yield from _file(path, getattr(reporting, name)())
    if options.html:
        count = reporting.html(options.html)
        yield f"{options.html / 'index.html'} is the page of the class; {count} pages of students lie beside it."
    if options.similarity:
        count = reporting.similarity(options.similarity)
        yield f"{options.similarity} holds {count} submissions to compare."


def _new(path: Path, content: bytes, told: Sequence[str]) -> Iterator[str]:
    new_files.write_new(path, content)
    yield from (f"{path}: {line}." for line in told)


def _file(path: Path, text: str) -> Iterator[str]:
    if path == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    new_files.write_new(path, text.encode())
    yield f"{path} is written."
