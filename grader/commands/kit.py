"""`kit`: a workspace to hand out to a class."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.commands.notebook import as_notebooks
from grader.commands.options import add_chosen
from grader.exit_code import ExitCode
from grader.learning.workspace import nothing


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this command to the command line."""
    kit = commands.add_parser("kit", help="make a workspace to hand out to a class")
    add_chosen(kit)
    kit.add_argument("--without-solutions", action="store_true", help="let `compare` say that somebody else has them")
    kit.add_argument("--notebooks", action="store_true", help="each exercise as a notebook, too")
    kit.add_argument(
        "--out", type=Path, required=True, metavar="DIR|ZIP", help="a new or an empty folder, or a new zip"
    )
    kit.set_defaults(run=_kit)


def _kit(options: argparse.Namespace, console: Console) -> int:
    from grader.learning import kit

    more = as_notebooks if options.notebooks else nothing
    count = kit.make(options.out, options.exercises, with_solutions=not options.without_solutions, more=more)
    console.print(Text(f"{options.out} holds {count} files to hand out."), soft_wrap=True)
    return ExitCode.ALL_PASSED
