"""`notebook`: exercises as notebooks, and what was written in them back into the exercises."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from grader.called import program
from grader.catalogue import catalogue, places
from grader.catalogue.catalogue import Exercise
from grader.commands.options import from_here
from grader.errors import UsageError
from grader.exit_code import ExitCode

if TYPE_CHECKING:
    from grader.notebook.written import Published

ALL = "all"
GITHUB = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this command to the command line."""
    notebook = commands.add_parser("notebook", help="exercises as notebooks, and back into files")
    notebook.add_argument("exercise", help="5, 05, leaf_and_grad or all")
    notebook.add_argument("--out", type=Path, metavar="FOLDER", help="where to write (default: notebooks/)")
    notebook.add_argument(
        "--github", metavar="OWNER/REPO", help="where they are published, for the badge; @BRANCH, too"
    )
    notebook.add_argument("--install", metavar="WHAT", help="what the set-up cell lets pip install on a fresh machine")
    back = "write what was written in a notebook into the exercise's file (default: that in notebooks/)"
    notebook.add_argument("--back", nargs="?", const="", metavar="FILE", help=back)
    notebook.set_defaults(run=_notebook)


def _notebook(options: argparse.Namespace, console: Console) -> int:
    chosen = [catalogue.find(options.exercise)] if options.exercise != ALL else None
    with needing_the_extra():
        if options.back is None:
            return _write(options, chosen or list(_all(options)), console)
        return _back(options.back, chosen, console)


def _all(options: argparse.Namespace) -> tuple[Exercise, ...]:
    return catalogue.exercises() if options.out and not places.find_workspace() else catalogue.own()


@contextmanager
def needing_the_extra() -> Iterator[None]:
    """Say in one line what is not installed of that which only notebooks need."""
    try:
        yield
    except ModuleNotFoundError as error:
        install = "`pip install ipython nbformat` installs what notebooks need"
        raise UsageError(f"{error.name} is not installed; {install}") from None


def as_notebooks(chosen: tuple[Exercise, ...]) -> Mapping[str, bytes]:
    """Return these exercises as notebooks, as a workspace has them; what writes them is loaded only now."""
    with needing_the_extra():
        from grader.notebook.written import for_workspace

        return for_workspace(chosen)


def _write(options: argparse.Namespace, chosen: list[Exercise], console: Console) -> int:
    from grader.notebook.written import written
    from grader.record.handing_out import put_new

    published, folder = _published(options), options.out or from_here(places.workspace().notebooks)
    kept = []
    for each in chosen:
        file = folder / f"{each.name}.ipynb"
        if not put_new(file, written(each, published)):
            kept.append(file)
    if kept and len(chosen) == 1:
        raise UsageError(f"{kept[0]} is there already, and stays as it is; --out FOLDER writes a fresh one elsewhere")
    stay = f"; as they were: {len(kept)}, which were there" if kept else ""
    _tell(console, f"Notebooks written to {folder}: {len(chosen) - len(kept)}{stay}.")
    return ExitCode.ALL_PASSED


def _published(options: argparse.Namespace) -> Published:
    from grader.notebook.written import Published

    if not options.github:
        return Published(install=options.install or "")
    if not (found := GITHUB.fullmatch(options.github)):
        raise UsageError(f"--github takes OWNER/REPO or OWNER/REPO@BRANCH, not {options.github!r}")
    repository, branch = found[1], found[2] or "main"
    return Published(repository, branch, options.install or f"git+https://github.com/{repository}@{branch}")


def _back(file: str, chosen: list[Exercise] | None, console: Console) -> int:
    from grader.notebook.back import bring_back

    folder = places.workspace().notebooks
    exercises = chosen or [each for each in catalogue.own() if file or (folder / f"{each.name}.ipynb").exists()]
    for each in exercises:
        catalogue.require_own(each)
        notebook = Path(file) if file else from_here(folder / f"{each.name}.ipynb")
        brought = bring_back(each, notebook)
        _tell(console, f"{from_here(each.stub)} has now, from {notebook}: {', '.join(brought.steps)}.")
        for name, why in brought.missing.items():
            _tell(console, f"`{name}` is missing: it {why}.")
        if brought.kept:
            again = f"`{program()} reset {each.number:02} --undo` brings it back."
            _tell(console, f"What was there is kept in {from_here(brought.kept)}; {again}")
        if brought.others and chosen:
            numbers = ", ".join(f"{other.number:02}" for other in brought.others)
            _tell(console, f"{notebook} has cells of {numbers}, too; name that exercise to bring these.")
    return ExitCode.ALL_PASSED


def _tell(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
