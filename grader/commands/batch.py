"""`batch`: grade a class, go on where that was ended, and grade anew what has changed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.text import Text

from grader.batch.rosters.read import NAMES
from grader.called import program
from grader.catalogue import catalogue
from grader.commands.options import count
from grader.errors import UsageError
from grader.exit_code import ExitCode

if TYPE_CHECKING:
    from grader.batch.course import Course
    from grader.batch.engines.engine import Engine
    from grader.batch.log import Log
    from grader.batch.plan import Plan
    from grader.batch.rosters.read import Read
    from grader.batch.task import Ended
    from grader.record.results import Results
    from grader.record.rows import Submission

# What knows of SQLite, courses and clusters is imported where it is needed: `--help` answers at once.
MOST_TOLD = 20  # files that are left out, on the screen; the log has all of them


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    batch = commands.add_parser("batch", help="grade a class (for course staff)")
    batch.add_argument("submissions", nargs="*", type=Path, help="folders, zips or a CSV; none to go on with RESULTS")
    batch.add_argument("--out", required=True, type=Path, metavar="RESULTS", help="the folder that keeps the results")
    batch.add_argument(
        "--course", type=Path, metavar="FILE", help="what the course asks for; docs/class.md describes it"
    )
    batch.add_argument("--exercises", default="", metavar="LIST", help="without a course file: only these, as 5,16-18")
    batch.add_argument("--roster", choices=sorted(NAMES), default="", help="how it was handed in (default: by looking)")
    batch.add_argument("--names", default="", metavar="ENCODING", help="of file names in a zip (default: by looking)")
    batch.add_argument("--regrade", action="store_true", help="also what was graded and has changed since")
    batch.add_argument("--jobs", type=count, metavar="N", help="judges on this machine (default: one a processor)")
    batch.add_argument("--cluster", default="", metavar="WHERE", help="Dask: the scheduler's address, or a YAML file")
    batch.set_defaults(run=_batch)


def _batch(options: argparse.Namespace, console: Console) -> int:
    from grader.batch.log import Log
    from grader.batch.plan import make_plan
    from grader.record.results import Results

    if options.jobs and options.cluster:
        raise UsageError("--jobs is for this machine and --cluster for others; give one of them")
    given = _course(options)
    read = [_read(each, options) for each in options.submissions]
    with Results(options.out, create=bool(read)) as results, results.only_one(), Log(results.folder.log) as log:
        course = _settled(results, given)
        for each in read:
            _take_in(results, course, each, console, log)
        made = make_plan(results, course, regrade=options.regrade)
        log.say(f"planned: {made.fresh} new, {made.outdated} changed{', to be graded anew' * options.regrade}")
        _grade(results, course, options, console, log)
        return _tell(results, console, options, made)


def _course(options: argparse.Namespace) -> tuple[Course, str] | None:
    """Return the course that the command line gives, and its text."""
    from grader.batch.course_file import parse, read_course

    if options.course and options.exercises:
        raise UsageError("a course file names its exercises; give --course or --exercises, not both")
    if options.course:
        return read_course(options.course)
    if options.exercises:
        numbers = ",".join(str(each.number) for each in catalogue.choose(options.exercises))
        text = f'exercises = "{numbers}"\n'
        return parse(text), text
    return None


def _settled(results: Results, given: tuple[Course, str] | None) -> Course:
    """Return the course that is graded: what is given, which is kept from then on, or what was kept."""
    from grader.batch.course import plain
    from grader.batch.course_file import course_of

    if given:
        results.keep_fact("course", given[1])
        return given[0]
    return course_of(results) if results.fact("course") else plain(catalogue.exercises())


def _read(path: Path, options: argparse.Namespace) -> Read:
    from grader.batch.rosters.read import read_roster

    return read_roster(path, options.roster, options.names)


def _take_in(results: Results, course: Course, read: Read, console: Console, log: Log) -> None:
    from grader.batch.gather import gather
    from grader.batch.shown import counted, left_out, odd

    found = gather(read.source, read.handed_in, [each.exercise for each in course.assignments])
    students = list(found.students.values())
    results.take_in(read.source, students, found.submissions, found.strays)
    files = counted(len(found.submissions), "submission")
    said = f"{read.name} is {read.what}: {files} of {counted(len(students), 'student')}."

    def lines(most: int) -> list[Text]:
        return [Text(said), *left_out(found.strays, students, most), *odd(found.submissions, students, most)]

    for line in lines(len(found.strays) + len(found.submissions)):
        log.say(line.plain)
    _print(console, lines(MOST_TOLD))


def _grade(results: Results, course: Course, options: argparse.Namespace, console: Console, log: Log) -> None:
    from grader.batch import carry_out
    from grader.commands.watched import following

    def told(submission: Submission, ended: Ended) -> None:
        log.graded(submission, ended)
        follow(submission, ended)

    found = carry_out.settle_unreadable(results, course, carry_out.waiting(results))
    doubtful = carry_out.waiting(results, doubtful=True)
    if not found and not doubtful:
        return
    first = catalogue.find((found or doubtful)[0].exercise)
    with following(console, len(found)) as follow, _engine(options, course, first, console, log) as engine:
        carry_out.carry_out(results, course, engine, found, told)


def _engine(
    options: argparse.Namespace, course: Course, first: catalogue.Exercise, console: Console, log: Log
) -> Engine:  # fmt: skip
    from grader.batch.carry_out import how

    def warn(text: str) -> None:
        log.say(text)
        _print(console, [Text(text)])

    if options.cluster:
        from grader.batch.engines.cluster import Cluster

        return Cluster(options.cluster, how(course), first, course.device, log.say, warn)
    from grader.batch.engines.jobs import Jobs

    return Jobs(options.jobs or os.cpu_count() or 1, how(course), first, course.device)


def _tell(results: Results, console: Console, options: argparse.Namespace, made: Plan) -> int:
    from grader.batch import shown
    from grader.batch.regraded import regraded
    from grader.record.rows import State

    lines: list[RenderableType] = [shown.summary(results.outcomes(), len(results.students()))]
    if made.outdated and not options.regrade:
        said = f"{shown.counted(made.outdated, 'result')} from before a change of {', '.join(sorted(made.why))}"
        lines.append(Text(f"{said}; `{program()} batch --out {options.out} --regrade` grades them anew."))
    found = regraded(results)
    if found and found.count:
        lines.append(shown.changes(found, results.students()))
        results.forget_before()
    _print(console, lines)
    counts = results.counts()
    if counts[State.FAULT]:
        again = f"`{program()} batch --out {options.out}` tries them again; {results.folder.log} says what happened"
        _print(console, [Text(f"Faults: {counts[State.FAULT]}. {again}.")])
    return ExitCode.FAULT if counts[State.FAULT] else ExitCode.ALL_PASSED


def _print(console: Console, lines: Iterable[RenderableType]) -> None:
    for line in lines:
        console.print(line, soft_wrap=isinstance(line, Text) and not console.is_terminal)
