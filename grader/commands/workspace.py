"""`init` and `update`: a folder of the learner's own, outside of a checkout."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.called import program
from grader.catalogue import catalogue, places
from grader.commands.notebook import as_notebooks
from grader.exit_code import ExitCode
from grader.learning import workspace
from grader.record.handing_out import Came, beside

HEADINGS = {
    Came.NEW: "New:",
    Came.CHANGED: "Changed, and you had not touched them:",
    Came.BESIDE: "Changed, and so did you. What you wrote stays; the new text lies beside it:",
}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    init = commands.add_parser("init", help="make a folder of your own with the exercises")
    init.add_argument("folder", type=Path, help="a new or an empty folder")
    init.add_argument("--exercises", default="all", metavar="LIST", help="only these, such as 1-10,16")
    init.add_argument("--without-solutions", action="store_true", help="let `compare` say that somebody else has them")
    init.add_argument("--notebooks", action="store_true", help="each exercise as a notebook, too")
    init.set_defaults(run=_init)
    update = commands.add_parser("update", help="bring new and changed exercises; what you wrote stays")
    update.add_argument("--exercises", default="", metavar="LIST", help="add these, such as 11-20")
    update.set_defaults(run=_update)


def _init(options: argparse.Namespace, console: Console) -> int:
    more = as_notebooks if options.notebooks else workspace.nothing
    made = workspace.make(options.folder, options.exercises, with_solutions=not options.without_solutions, more=more)
    count = len(list(made.exercises.glob("*.py")))
    beside = ", and each of them as a notebook in notebooks/" if options.notebooks else ""
    _tell(console, [f"{options.folder} holds {count} exercises{beside}. Go on with:"])
    _tell(console, [f"  cd {options.folder}", f"  {program()} watch"])
    return ExitCode.ALL_PASSED


def _update(options: argparse.Namespace, console: Console) -> int:
    happened: dict[Came, list[str]] = {}
    more = as_notebooks if workspace.was_given(places.NOTEBOOKS) else workspace.nothing
    for name, came in workspace.update(options.exercises, more):
        happened.setdefault(came, []).append(f"{name} → {beside(name)}" if came is Came.BESIDE else name)
    for came, heading in HEADINGS.items():
        if names := happened.get(came):
            _tell(console, [heading, *(f"  {name}" for name in names)])
    held = len(catalogue.own())
    _tell(console, [f"{'Everything else is' if happened else 'Everything is'} as it was: {held} exercises."])
    return ExitCode.ALL_PASSED


def _tell(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(Text(line), soft_wrap=True)
