"""How students are called in what comes out, and what the files about them are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from grader.harmless import one_line
from grader.record.rows import Student

LONGEST = 80


class Names:
    """Every student by name and file name; with `hidden`, numbers in an order that tells nothing stand for both."""

    def __init__(self, students: Sequence[Student], *, hidden: bool) -> None:
        self.hidden = hidden
        ids = [each.id for each in students]
        width = len(str(len(ids)))
        mixed = {each: number for number, each in enumerate(sorted(ids, key=_digest), 1)}
        self._names = {each.id: f"Student {mixed[each.id]}" if hidden else _named(each) for each in students}
        self._files = {each: f"student-{mixed[each]:0{width}}" for each in ids} if hidden else _file_names(ids)

    def name(self, student: str) -> str:
        """Return the name to show, by the student's id."""
        return self._names[student]

    def file(self, student: str) -> str:
        """Return a name for files, which no other student has on any system; without an ending."""
        return self._files[student]


def _named(student: Student) -> str:
    return one_line(student.name or student.login or student.id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _file_names(ids: Sequence[str]) -> dict[str, str]:
    plain = {each: re.sub(r"[^\w-]+", "_", each)[:LONGEST].strip("_") for each in ids}
    folded = [each.casefold() for each in plain.values()]
    return {
        each: name if name and name == each and folded.count(name.casefold()) == 1 else f"{name}-{_digest(each)[:8]}"
        for each, name in plain.items()
    }
