"""A sheet that another system exported: filled in its own form, so that all cells but ours stay as they were."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from grader import files
from grader.errors import UsageError
from grader.harmless import one_line
from grader.units import MB

MOST = 64 * MB
DELIMITERS = (",", ";", "\t")
FORMULA = re.compile(r"[=+\-@\t\r]")


@dataclass
class Sheet:
    """The rows of a sheet, the first of them its head, and how its file was written."""

    name: str
    rows: list[list[str]]
    delimiter: str
    line_end: str
    mark: bool  # whether it begins with a byte order mark

    @property
    def head(self) -> list[str]:
        """The names of its columns."""
        return self.rows[0]

    def column(self, *names: str) -> int | None:
        """Return the place of the first of these columns that is there."""
        folded = [each.strip().casefold() for each in self.head]
        return next((folded.index(name.casefold()) for name in names if name.casefold() in folded), None)

    def cell(self, row: int, column: int | None) -> str:
        """Return a cell without blanks around it; empty where the row is shorter."""
        return self.rows[row][column].strip() if column is not None and column < len(self.rows[row]) else ""

    def fill(self, row: int, column: int, text: str) -> None:
        """Put a text into a cell; a row that is shorter than the head gets the cells that it lacks."""
        self.rows[row] += [""] * (column + 1 - len(self.rows[row]))
        self.rows[row][column] = text

    def to_bytes(self) -> bytes:
        """Return the file."""
        held = io.StringIO(newline="")
        csv.writer(held, delimiter=self.delimiter, lineterminator=self.line_end).writerows(self.rows)
        return held.getvalue().encode("utf-8-sig" if self.mark else "utf-8")


def read_sheet(path: Path) -> Sheet:
    """Return a sheet; raise UsageError for what is none."""
    name = files.shown(path)
    try:
        data = files.read(path, most=MOST)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no sheet {name}") from None
    except files.Unfit as error:
        raise UsageError(f"{name} {error.strerror}") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8 text; export it again, and do not save it from a spreadsheet") from None
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UsageError(f"{name} is not CSV: {one_line(str(error))}") from None
    if not rows or not any(rows[0]):
        raise UsageError(f"{name} is empty")
    return Sheet(name, rows, delimiter, "\r\n" if "\r\n" in text else "\n", data.startswith(b"\xef\xbb\xbf"))


def plain(text: str) -> str:
    """Return a text for a cell of ours: one that a spreadsheet would take for a formula stays a text."""
    return f"'{text}" if FORMULA.match(text) else text


def number(value: float, like: str) -> str:
    """Return points with two decimals at most, and a decimal comma where the sheet has one."""
    shown = f"{value:.2f}"
    return shown.replace(".", ",") if re.fullmatch(r"\d+,\d+", like.strip()) else shown


def as_number(text: str) -> float | None:
    """Return the number that a cell holds, with a point or a comma; None where it holds none."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
