"""`kit`: a workspace to hand out to a class."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.commands.options import add_chosen
from grader.commands.workspace import notebooks
from grader.exit_code import ExitCode
from grader.learning import kit
from grader.learning.workspace import nothing


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this command to the command line."""
    parser = commands.add_parser("kit", help="make a workspace to hand out to a class")
    add_chosen(parser)
    parser.add_argument(
        "--without-solutions", action="store_true", help="let `compare` say that somebody else has them"
    )
    parser.add_argument("--notebooks", action="store_true", help="each exercise as a notebook, too")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR|ZIP", help="a new or an empty folder, or a new zip"
    )
    parser.set_defaults(run=_kit)


def _kit(options: argparse.Namespace, console: Console) -> int:
    more = notebooks if options.notebooks else nothing
    count = kit.make(options.out, options.exercises, with_solutions=not options.without_solutions, more=more)
    console.print(Text(f"{options.out} holds {count} files to hand out."), soft_wrap=True)
    return ExitCode.ALL_PASSED
