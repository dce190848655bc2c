"""A folder that JPlag, Dolos and compare50 read as it is: submissions, what everybody was given, and who is who."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from grader.batch.out.names import Names
from grader.batch.out.sheet import plain
from grader.batch.standing import Standing
from grader.record.workspace import untouched

HEAD = ("filename", "label", "created_at", "full_name")  # as Dolos wants them
SUBMISSIONS, BASE, INFO = "submissions", "base", "info.csv"


def tree(found: Iterable[Standing], names: Names, text: Callable[[int], str]) -> dict[str, bytes]:
    """Return the files by path: `submissions/STUDENT/NN_slug.py`, `base/NN_slug.py` and `info.csv`."""
    files, rows, exercises = {}, [], {}
    for each in found:
        exercise = each.assignment.exercise
        exercises[exercise.name] = exercise
        if each.submission and (code := text(each.submission.id)):
            path = f"{SUBMISSIONS}/{names.file(each.student.id)}/{exercise.name}.py"
            files[path] = code.encode(errors="replace")
            rows.append((path, exercise.name, _stamp(each.submission.at), _name(each, names)))
    base = {f"{BASE}/{name}.py": untouched(each).encode() for name, each in exercises.items()}
    return {**files, **base, INFO: _info(rows)}


def _stamp(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _name(standing: Standing, names: Names) -> str:
    return "" if names.hidden else names.name(standing.student.id)


def _info(rows: Iterable[tuple[str, str, str, str]]) -> bytes:
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows([plain(cell) for cell in row] for row in rows)
    return held.getvalue().encode()
