"""`export` and `import`: the learner's record as JSON, to move between machines."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from grader.commands.speak import write
from grader.errors import GraderError, UsageError
from grader.exit_code import ExitCode
from grader.progress import ATTEMPT, HINT, MET, Progress

FORMAT, VERSION = "pytorch-katas progress", 1
NUMBERS = {"at", "seed", "steps_passed", "steps", "seconds", "taken"}
COLUMNS = {"attempt": ATTEMPT, "met": MET, "hint": HINT}


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    leave = commands.add_parser("export", help="write your progress as JSON, to take to another machine")
    leave.add_argument("file", nargs="?", default="-", help="where to (default: standard output)")
    leave.set_defaults(run=_export)
    arrive = commands.add_parser("import", help="add the progress that `export` wrote")
    arrive.add_argument("file", help="what `export` wrote; - for standard input")
    arrive.set_defaults(run=_import)


def _export(options: argparse.Namespace, console: Console) -> int:
    progress = Progress()
    kept = progress.everything()
    if progress.complaint:
        raise GraderError(progress.complaint)
    write(options.file, json.dumps({"format": FORMAT, "version": VERSION, **kept}, indent=1) + "\n")
    if options.file != "-":
        console.print(f"{len(kept['attempt'])} attempts are in {options.file}.", soft_wrap=True)
    return ExitCode.ALL_PASSED


def _import(options: argparse.Namespace, console: Console) -> int:
    kept = _read(options.file)
    progress = Progress()
    new = progress.add(kept)
    if progress.complaint:
        raise GraderError(progress.complaint)
    known = len(kept["attempt"]) - new
    console.print(f"{new} attempts were added; {known} were here already.", soft_wrap=True)
    return ExitCode.ALL_PASSED


def _read(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return what a file holds; raise UsageError where it is not what `export` writes."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{name} is not JSON; `python -m grader export` writes what is due") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{name} holds no progress; `python -m grader export` writes what is due")
    if document.get("version") != VERSION:
        raise UsageError(f"{name} was written by another version of the grader; this one reads version {VERSION}")
    return {table: _rows(name, table, document.get(table)) for table in COLUMNS}


def _rows(name: str, table: str, rows: Any) -> list[dict[str, Any]]:
    for index, row in enumerate(rows if isinstance(rows, list) else [None]):
        if not isinstance(row, dict) or not all(_fits(column, row.get(column)) for column in COLUMNS[table]):
            raise UsageError(f"{name} is damaged: entry {index + 1} of {table!r} is no such entry; nothing was added")
    return list(rows)


def _fits(column: str, value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**63
    return number if column in NUMBERS else isinstance(value, str)
