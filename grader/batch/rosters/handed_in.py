"""What every roster comes to: files, each with the student who handed it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.record.rows import Student


@dataclass(frozen=True)
class HandedIn:
    """One file of one student.

    `path` is its place in the roster, `name` what the student called it. `at` is when it was handed in (Unix time),
    None where the roster does not tell, `late` whether the roster says that it was. `exercise` is named by a manifest
    alone. `why` says, instead, that this is no file that could be graded.
    """

    student: Student
    path: str
    name: str
    read: Callable[[int], bytes]
    at: float | None = None
    late: bool = False
    exercise: str = ""
    why: str = ""
