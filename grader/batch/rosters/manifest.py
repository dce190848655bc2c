"""A CSV that names every file: columns student, path, and if it has them exercise, time, name, email, sid.

A path starts at the CSV's folder. A time is in ISO 8601; without an offset it is this machine's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from grader import files
from grader.batch.rosters.handed_in import HandedIn
from grader.errors import UsageError
from grader.record.rows import Student
from grader.units import MB

NEEDED, KNOWN = ("student", "path"), ("student", "path", "exercise", "time", "name", "email", "sid")
MOST_BYTES = 256 * MB


def read(path: Path) -> Iterator[HandedIn]:
    """Yield every file that is listed; raise UsageError with the line of what is no entry."""
    text = _text(path)
    rows = csv.DictReader(io.StringIO(text), delimiter=_delimiter(text))
    columns = [(name or "").strip().lower() for name in rows.fieldnames or []]
    for missing in set(NEEDED) - set(columns):
        raise UsageError(f"{files.shown(path)} has no column {missing!r}; a manifest has {', '.join(KNOWN)}")
    rows.fieldnames = columns
    try:
        for row in rows:
            yield _handed_in(path, rows.line_num, {key: (row.get(key) or "").strip() for key in KNOWN})
    except csv.Error as error:
        raise UsageError(f"{files.shown(path)}, line {rows.line_num}: {error}") from None


def _text(path: Path) -> str:
    try:
        return files.read(path, most=MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{files.shown(path)} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{files.shown(path)} is not UTF-8 text; save it as UTF-8") from None


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def _handed_in(manifest: Path, line: int, row: dict[str, str]) -> HandedIn:
    for missing in (name for name in NEEDED if not row[name]):
        raise UsageError(f"{files.shown(manifest)}, line {line}: the {missing} is missing")
    student = Student(row["student"], row["name"] or row["student"], row["email"], row["sid"])
    path = manifest.parent / row["path"]
    read_it = partial(files.read, path, follow_links=False)
    at = _time(manifest, line, row["time"])
    return HandedIn(student, row["path"], path.name, lambda most: read_it(most=most), at, exercise=row["exercise"])


def _time(manifest: Path, line: int, text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except (ValueError, OverflowError, OSError):
        said = f"{text!r} is not a time such as 2026-11-30T18:00:00+01:00"
        raise UsageError(f"{files.shown(manifest)}, line {line}: {said}") from None
