"""`export` and `import`: the learner's record as JSON, to move between machines."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from grader import files
from grader.called import program
from grader.commands.speak import write
from grader.errors import GraderError, UsageError
from grader.exit_code import ExitCode
from grader.record.progress import LATER, TABLES, Progress
from grader.units import MB

FORMAT, VERSION = "pytorch-katas progress", 1
NUMBERS = {"at", "began", "correct", "seed", "steps_passed", "steps", "seconds", "taken"}
BIGGEST = 2**32  # of any number above; as a Unix time it is the year 2106


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
    write(options.file, json.dumps({"format": FORMAT, "version": VERSION, **kept}, indent=1) + "\n")
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


def _read(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return what a file holds; raise UsageError where it is not what `export` writes."""
    said = "standard input" if name == "-" else name
    try:
        document = json.loads(_text(name))
    except files.Unfit as error:
        raise UsageError(f"{said} {error.strerror}") from None
    except OSError as error:
        raise UsageError(f"{said} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{said} is not JSON; `{program()} export` writes such a file") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{said} does not hold progress; `{program()} export` writes such a file")
    if document.get("version") != VERSION:
        raise UsageError(f"{said} was written by another version of the grader; this one reads version {VERSION}")
    return {table: _rows(said, table, document.get(table, [] if table in LATER else None)) for table in TABLES}


def _text(name: str) -> str:
    if name != "-":
        return files.read(Path(name), most=64 * MB).decode("utf-8-sig")
    return sys.stdin.read() if sys.stdin else ""


def _rows(said: str, table: str, rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list):
        raise UsageError(f"{said} is damaged: it has no list {table!r}; nothing was added")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not all(_fits(column, row.get(column)) for column in TABLES[table]):
            raise UsageError(f"{said} is damaged: entry {number} of {table!r} is not valid; nothing was added")
    return rows


def _fits(column: str, value: Any) -> bool:
    """Return whether a value may be in a column; text is shown later, so it must not steer a terminal."""
    if column in NUMBERS:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= BIGGEST
    return isinstance(value, str) and value.isprintable()
