"""Fills a gradebook that Canvas exported: rows by the students' ids there, and never a column that it has not got."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.batch.out.filling import ABSENT, LOCKED, Filled, Standing, scale
from grader.batch.out.sheet import as_number, number, read_sheet
from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.harmless import one_line
from grader.record.rows import Student

ASSIGNMENT = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)")
POSSIBLE, READ_ONLY = "points possible", "(read only)"
KEPT = ("EX", "N/A")
# In the order in which Canvas itself looks: a column, and what it may hold of a student.
NAMED = {"ID": ("id",), "SIS User ID": ("sid", "id"), "SIS Login ID": ("login", "email", "id")}


@dataclass(frozen=True)
class Target:
    """A column to fill, and the exercises whose points it takes."""

    column: int
    exercises: tuple[str, ...]


class Gradebook:
    """A gradebook of Canvas; raises UsageError for any other sheet."""

    def __init__(self, path: Path) -> None:
        self._sheet = read_sheet(path)
        if self._sheet.column("ID") is None or self._sheet.column("Section") is None:
            raise UsageError(f"{self._sheet.name} is no gradebook of Canvas: it has no columns ID and Section")
        self._possible = next((row for row in range(1, len(self._sheet.rows)) if self._is_possible(row)), 0)

    def _is_possible(self, row: int) -> bool:
        return self._sheet.cell(row, 0).casefold() == POSSIBLE

    def targets(self, exercises: Sequence[Exercise], column: str) -> list[Target]:
        """Return which columns to fill: the named one with all exercises, or else each that names an exercise."""
        columns = {
            index: match["title"]
            for index, name in enumerate(self._sheet.head)
            if (match := ASSIGNMENT.fullmatch(name.strip()))
        }
        if column:
            return [Target(self._named(column, columns), tuple(each.name for each in exercises))]
        targets = list(self._by_name(exercises, columns))
        if not targets:
            said = f"no column of {self._sheet.name} is named after an exercise of these results"
            raise UsageError(f"{said}; --column takes the one for all of them: {self._there(columns)}")
        return targets

    def _named(self, column: str, columns: dict[int, str]) -> int:
        wanted = column.strip().casefold()
        heads = {index: self._sheet.head[index].strip().casefold() for index in columns}
        found = [index for index, title in columns.items() if wanted in (title.casefold(), heads[index])]
        if len(found) != 1:
            count = "more than one" if found else "no"
            raise UsageError(f"{self._sheet.name} has {count} column {column!r}; {self._there(columns)}")
        return found[0]

    def _there(self, columns: dict[int, str]) -> str:
        names = [one_line(title) for title in columns.values()]
        return f"it has {', '.join(map(repr, names[:8]))}{', …' if len(names) > 8 else ''}" if names else "it has none"

    def _by_name(self, exercises: Sequence[Exercise], columns: dict[int, str]) -> Iterator[Target]:
        for each in exercises:
            found = [index for index, title in columns.items() if _names(title, each)]
            if len(found) > 1:
                names = " and ".join(repr(self._sheet.head[index]) for index in found[:2])
                raise UsageError(f"{names} of {self._sheet.name} could both be exercise {each.number:02}; use --column")
            yield from (Target(index, (each.name,)) for index in found)

    def fill(self, target: Target, standing: Standing, students: Sequence[Student], *, scaled: bool) -> Filled:
        """Fill a column; raise UsageError where it is locked, counts otherwise, or belongs to other students."""
        name, possible = self._sheet.head[target.column].strip(), self._sheet.cell(self._possible, target.column)
        if READ_ONLY in possible.casefold():
            raise UsageError(f"{name} of {self._sheet.name} is read only in Canvas")
        factor = scale(f"{name} of {self._sheet.name}", standing.most, as_number(possible), wanted=scaled)
        filled, known = Filled(), self._rows(students)
        if not known:
            raise UsageError(f"{self._sheet.name} is of another course: none of its students is in these results")
        for row, student in known.items():
            self._fill(filled, row, target.column, standing.points.get(student.id, ABSENT), factor, possible)
        filled.leave(ABSENT, self._people() - len(known))
        return filled

    def _fill(self, filled: Filled, row: int, column: int, points: float | str, factor: float, like: str) -> None:
        if isinstance(points, str):
            filled.leave(points)
        elif self._sheet.cell(row, column).upper() in KEPT:
            filled.leave("excused or not assigned in Canvas")
        elif READ_ONLY in self._sheet.cell(row, column).casefold():
            filled.leave(LOCKED)
        else:
            self._sheet.fill(row, column, number(points * factor, like))
            filled.count += 1

    def _people(self) -> int:
        return sum(bool(self._sheet.cell(row, self._sheet.column("ID"))) for row in range(1, len(self._sheet.rows)))

    def _rows(self, students: Sequence[Student]) -> dict[int, Student]:
        """Return each row's student: by the id in Canvas or, where that is nobody's, by another id of the sheet.

        One kind of id serves the whole sheet: what is one person's number here may be another's there.
        """
        for name, fields in NAMED.items():
            find, column = _by(students, fields), self._sheet.column(name)
            found = {row: student for row in range(1, len(self._sheet.rows))
                     if (cell := self._sheet.cell(row, column)) and (student := find(cell))}  # fmt: skip
            if found:
                times = Counter(student.id for student in found.values())
                return {row: student for row, student in found.items() if times[student.id] == 1}
        return {}

    def to_bytes(self) -> bytes:
        """Return the file."""
        return self._sheet.to_bytes()

    def head(self, target: Target) -> str:
        """Return what the sheet calls a column."""
        return one_line(self._sheet.head[target.column].strip())


def _by(students: Sequence[Student], fields: Sequence[str]) -> Callable[[str], Student | None]:
    """Return what finds a student by what a cell holds; what two students share finds neither."""
    found: dict[str, dict[str, Student]] = defaultdict(dict)
    for each in students:
        for key in filter(None, (getattr(each, field) for field in fields)):
            found[key.casefold()][each.id] = each

    def find(cell: str) -> Student | None:
        known = list(found.get(cell.casefold(), {}).values())
        return known[0] if len(known) == 1 else None

    return find


def _names(title: str, exercise: Exercise) -> bool:
    """Return whether a title names an exercise: by its number at the start, its slug, or its own title."""
    plain = re.sub(r"[\W_]+", " ", title.casefold()).strip()
    slug = exercise.slug.replace("_", " ")
    own = re.sub(r"[\W_]+", " ", exercise.title.casefold()).strip()
    return bool(re.search(rf"\b({re.escape(slug)}|{re.escape(own)})\b", plain)) or plain == f"{exercise.number:02}"
