"""`course check`: prove a course file, and show what it says."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from grader.exit_code import ExitCode


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    course = commands.add_parser("course", help="look at a course file (for course staff)")
    actions = course.add_subparsers(title="actions", metavar="", required=True)
    check = actions.add_parser("check", help="prove it, and show it as a table")
    check.add_argument("file", nargs="?", type=Path, default=Path("course.toml"), help="default: course.toml")
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace, console: Console) -> int:
    from grader.batch.course_file import read_course
    from grader.batch.shown import course_table

    course, _ = read_course(options.file)
    console.print(course_table(course))
    return ExitCode.ALL_PASSED
