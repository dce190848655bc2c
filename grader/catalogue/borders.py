"""The matrix of borders: for each argument of each step its border values, and the check that goes there or why not.

Only a checkout has it: it is what an author has thought of, and the audit reads it.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.catalogue import places
from grader.errors import UsageError

STEP = "step"  # the row of a step itself, and the kind of that row
KIND = "kind"
CHECK = "test_"


@dataclass(frozen=True)
class Row:
    """One argument's borders, each with the checks that go there, or with a sentence that says why none does."""

    kind: str
    borders: Mapping[str, str]


Table = Mapping[str, Row]


@functools.cache
def kinds() -> dict[str, dict[str, str]]:
    """Return the borders of each kind of argument, each with its meaning."""
    return _read(places.curriculum().borders / "kinds.toml")


def borders(path: Path) -> dict[str, Table]:
    """Return the tables of an exercise's file by step, each with its rows by argument; raise UsageError."""
    tables = _read(path)
    return {step: {name: _row(path, step, name, row) for name, row in rows.items()} for step, rows in tables.items()}


def checks_in(text: str) -> tuple[str, ...]:
    """Return the checks that go to a border; none where its text is the reason why none does."""
    return tuple(each.strip() for each in text.split(",")) if text.startswith(CHECK) else ()


def _row(path: Path, step: str, name: str, row: object) -> Row:
    if not isinstance(row, dict) or not all(isinstance(each, str) for each in row.values()):
        raise UsageError(f"{path.name}: {step}.{name} is not a table of texts")
    kind = row.get(KIND, STEP if name == STEP else "")
    return Row(kind, {border: text for border, text in row.items() if border != KIND})


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            read = tomllib.load(file)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}") from None
    if not all(isinstance(each, dict) for each in read.values()):
        raise UsageError(f"{path.name} holds something beside tables")
    return read
