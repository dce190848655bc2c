"""`export` and `import`: the learner's record as JSON, to move between machines."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader import files
from grader.commands.speak import write
from grader.errors import GraderError, UsageError
from grader.exit_code import ExitCode
from grader.record.exported import Kept, from_text, to_text
from grader.record.progress import Progress
from grader.units import MB


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    leave = commands.add_parser("export", help="write your progress as JSON, to take to another machine")
    leave.add_argument("file", nargs="?", default="-", help="the file to write (default: standard output)")
    leave.set_defaults(run=_export)
    arrive = commands.add_parser("import", help="add the progress that `export` wrote")
    arrive.add_argument("file", help="the file that `export` wrote; - for standard input")
    arrive.set_defaults(run=_import)


def _export(options: argparse.Namespace, console: Console) -> int:
    progress = Progress()
    kept = progress.everything()
    if progress.complaint:
        raise GraderError(progress.complaint)
    write(options.file, to_text(kept))
    if options.file != "-":
        console.print(Text(f"Attempts written to {options.file}: {len(kept['attempt'])}."), soft_wrap=True)
    return ExitCode.ALL_PASSED


def _import(options: argparse.Namespace, console: Console) -> int:
    kept = _read(options.file)
    progress = Progress()
    new = progress.add(kept)
    if progress.complaint:
        raise GraderError(progress.complaint)
    known = len(kept["attempt"]) - new
    answers = f" Answers to questions in it: {len(kept['drilled'])}." if kept["drilled"] else ""
    console.print(Text(f"Attempts added: {new}. Already here: {known}.{answers}"), soft_wrap=True)
    return ExitCode.ALL_PASSED


def _read(name: str) -> Kept:
    """Return what a file holds; raise UsageError where it is not what `export` writes."""
    said = "standard input" if name == "-" else name
    try:
        return from_text(said, _text(name))
    except files.Unfit as error:
        raise UsageError(f"{said} {error.strerror}") from None
    except OSError as error:
        raise UsageError(f"{said} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        return from_text(said, "")


def _text(name: str) -> str:
    if name != "-":
        return files.read(Path(name), most=64 * MB).decode("utf-8-sig")
    return sys.stdin.read() if sys.stdin else ""
