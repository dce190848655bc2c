"""A learner's record as JSON, to take to another machine: what `export` writes, and how it is read again."""

from __future__ import annotations

import json
from typing import Any

from grader.called import program
from grader.errors import UsageError
from grader.record.progress import LATER, TABLES

FORMAT, VERSION = "pytorch-katas progress", 1
NUMBERS = {"at", "began", "correct", "seed", "steps_passed", "steps", "seconds", "taken"}
BIGGEST = 2**32  # of any number above; as a Unix time it is the year 2106

Kept = dict[str, list[dict[str, Any]]]


def to_text(kept: Kept) -> str:
    """Return a record as a JSON document."""
    return json.dumps({"format": FORMAT, "version": VERSION, **kept}, indent=1) + "\n"


def from_text(said: str, text: str) -> Kept:
    """Return what `to_text` wrote; raise UsageError, `said` being the name of the file, for anything else."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{said} is not JSON; `{program()} export` writes such a file") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{said} does not hold progress; `{program()} export` writes such a file")
    if document.get("version") != VERSION:
        raise UsageError(f"{said} was written by another version of the grader; this one reads version {VERSION}")
    return {table: _rows(said, table, document.get(table, [] if table in LATER else None)) for table in TABLES}


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
