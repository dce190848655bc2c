"""Fills a grading worksheet of Moodle, and makes a zip of feedback: rows and folders by Moodle's own participant ids.

A worksheet is in its teacher's language. What tells its columns apart is therefore, where possible, what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.batch.out.filling import ABSENT, LOCKED, Filled, Standing, scale
from grader.batch.out.sheet import as_number, number, read_sheet
from grader.errors import UsageError
from grader.harmless import one_line

PARTICIPANT = re.compile(r"\D*\s(\d+)")
GRADE = ("Grade", "Bewertung", "Note", "Calificación", "Valutazione", "Nota", "Cijfer", "Beoordeling", "Betyg",
         "Karakter", "Ocena", "Оценка", "성적", "評定", "成绩", "成績")  # fmt: skip
YES = {"yes", "ja", "oui", "sí", "si", "sì", "sim", "tak", "да", "예", "はい", "是"}
NO = {"no", "nein", "non", "nee", "não", "nej", "nie", "нет", "아니오", "아니요", "いいえ", "否"}
FOLDER = re.compile(r".*?_?(?P<id>\d+)_assignsubmission_[a-z]+(?P<file>_.*)?", re.DOTALL)


class Worksheet:
    """A grading worksheet of Moodle; raises UsageError for any other sheet. `column` names that of the grades."""

    def __init__(self, path: Path, column: str = "") -> None:
        self._sheet = read_sheet(path)
        self._rows = range(1, len(self._sheet.rows))
        self._ids = {row: found[1] for row in self._rows if (found := PARTICIPANT.fullmatch(self._sheet.cell(row, 0)))}
        if not self._ids or len(self._ids) < sum(bool(self._sheet.cell(row, 0)) for row in self._rows):
            said = "its first column does not hold Moodle's identifiers, as “Participant 123”"
            raise UsageError(f"{self._sheet.name} is no grading worksheet of Moodle: {said}")
        self._grade = self._grades(column)

    def _grades(self, column: str) -> int:
        found = self._sheet.column(*([column] if column else GRADE))
        if found is None:
            there = ", ".join(repr(one_line(each)) for each in self._sheet.head)
            wanted = f"no column {column!r}" if column else "no column of grades that is known here; --column names it"
            raise UsageError(f"{self._sheet.name} has {wanted}; it has {there}")
        return found

    def fill(self, standing: Standing, *, scaled: bool) -> Filled:
        """Fill the grades; raise UsageError where the sheet counts otherwise, or belongs to other students."""
        factor = scale(self._sheet.name, standing.most, as_number(self._most()), wanted=scaled)
        if not set(self._ids.values()) & standing.points.keys():
            raise UsageError(f"{self._sheet.name} is of another course: none of its participants is in these results")
        filled, locks = Filled(), self._locks()
        for row, student in self._ids.items():
            points = standing.points.get(student, ABSENT)
            if isinstance(points, str):
                filled.leave(points)
            elif any(self._sheet.cell(row, lock).casefold() in NO for lock in locks):
                filled.leave(LOCKED)
            else:
                self._sheet.fill(row, self._grade, number(points * factor, self._most()))
                filled.count += 1
        return filled

    def _most(self) -> str:
        """Return the maximum grade, which stands beside the grades, the same in every row; empty for a scale."""
        values = {self._sheet.cell(row, self._grade + 1) for row in self._ids}
        return values.pop() if len(values) == 1 else ""

    def _locks(self) -> list[int]:
        """Return the columns that say whether a grade can be changed: they hold yes and no, and nothing else."""
        return [column for column in range(self._grade + 1, len(self._sheet.head)) if self._says_yes_or_no(column)]

    def _says_yes_or_no(self, column: int) -> bool:
        return {self._sheet.cell(row, column).casefold() for row in self._ids} <= YES | NO

    def to_bytes(self) -> bytes:
        """Return the file."""
        return self._sheet.to_bytes()


@dataclass(frozen=True)
class Feedback:
    """Where a student's feedback goes in the zip, beside what they handed in."""

    student: str
    path: str


def feedback_paths(handed_in: Iterable[tuple[str, str]]) -> list[Feedback]:
    """Return where feedback goes, from (student's id, path in Moodle's zip); raise UsageError for another roster."""
    found: dict[str, str] = {}
    for student, path in handed_in:
        first, _, below = path.partition("/")
        named = FOLDER.fullmatch(first)
        if not named or named["id"] != student:
            raise UsageError(f"these results do not come from Moodle's zip: it has no {one_line(path)!r}")
        folder = first if below else first.removesuffix(named["file"] or "")
        found.setdefault(student, f"{folder}/feedback.html" if below else f"{folder}_feedback.html")
    return [Feedback(student, path) for student, path in found.items()]


def feedback(paths: Iterable[Feedback], pages: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of the zip: each student's page, by the path that leads Moodle to that student."""
    return {each.path: pages[each.student].encode() for each in paths if each.student in pages}
