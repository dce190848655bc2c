"""Makes submissions of what was handed in: which exercise each file is for, what it says, or why it is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader import files
from grader.batch import notebook
from grader.batch.rosters.handed_in import HandedIn
from grader.batch.which import another, which
from grader.catalogue.catalogue import Exercise, find
from grader.errors import UsageError
from grader.harmless import one_line
from grader.judging.source import source_of
from grader.record.rows import Stray, Student, Submission

CODE, NOTEBOOK = ".py", ".ipynb"
# What a file is that is no Python, by its first bytes.
OTHERS = {
    b"%PDF": "is a PDF, not Python", b"PK\x03\x04": "is a zip in a zip or a document, not Python",
    b"\x89PNG": "is a picture, not Python", b"\xff\xd8\xff": "is a picture, not Python",
    b"\xd0\xcf\x11\xe0": "is a document, not Python", b"\x1f\x8b": "is an archive, not Python",
    b"Rar!": "is an archive, not Python", b"7z\xbc\xaf": "is an archive, not Python",
}  # fmt: skip


@dataclass
class Gathered:
    """What a roster comes to, as Results.take_in keeps it."""

    students: dict[str, Student] = field(default_factory=dict)
    submissions: list[Submission] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)


def gather(source: str, handed_in: Iterable[HandedIn], chosen: Sequence[Exercise]) -> Gathered:
    """Return what was handed in for some exercises, with a reason for everything that was not."""
    found = Gathered()
    for each in handed_in:
        _take(source, dataclasses.replace(each, path=one_line(each.path)), chosen, found)
    _leave_what_was_handed_in_twice(found)
    return found


def _take(source: str, file: HandedIn, chosen: Sequence[Exercise], found: Gathered) -> None:
    student = _harmless(file.student)
    if student.id:
        found.students.setdefault(student.id, student)
    submission, why = _submission(source, file, student, chosen)
    if submission:
        found.submissions.append(submission)
    else:
        found.strays.append(Stray(source, file.path, student.id, why))


def _submission(
    source: str, file: HandedIn, student: Student, chosen: Sequence[Exercise]
) -> tuple[Submission | None, str]:
    """Return the submission that a file is, or why it is none."""
    if file.why:
        return None, file.why
    text, sha256, note, problem = _text(file)
    exercise, why = _exercise(file, text, chosen)
    if exercise is None:
        return None, problem or why
    if not (problem or _is_code(file.name) or file.exercise):
        return None, f"is not a Python file; {file.name!r} does not end in .py or .ipynb"
    if text and not note and (other := another(text, exercise)):
        note = f"defines no step of {exercise.name}, but those of {other.name}"
    return Submission(
        student.id, exercise.name, source, file.path, text, sha256, file.at, file.late, note, problem
    ), ""  # fmt: skip


def _text(file: HandedIn) -> tuple[str, str, str, str]:
    """Return a file's text and its hash, what was done with it, and why there is no text."""
    is_notebook = file.name.lower().endswith(NOTEBOOK)
    try:
        data = file.read(notebook.MOST_BYTES if is_notebook else files.MAX_BYTES)
        note = ""
        if is_notebook:
            text, cells = notebook.code_of(data)
            data, note = text.encode(errors="replace"), f"is a notebook: its code cells ({cells}) are graded"
        elif other := next((what for start, what in OTHERS.items() if data.startswith(start)), ""):
            return "", "", "", other
        read = source_of(Path(file.name), data)
    except UsageError as error:
        return "", "", "", one_line(str(error).removeprefix(files.shown(file.name)).strip())
    except ValueError as error:
        return "", "", "", str(error)
    except FileNotFoundError:
        return "", "", "", "is not there"
    except files.Unfit as error:
        return "", "", "", str(error.strerror)
    except OSError as error:
        return "", "", "", f"cannot be read: {error.strerror or type(error).__name__}"
    return read.text, read.sha256, note, ""


def _is_code(name: str) -> bool:
    return name.lower().endswith((CODE, NOTEBOOK))


def _exercise(file: HandedIn, text: str, chosen: Sequence[Exercise]) -> tuple[Exercise | None, str]:
    """Return the exercise of a file, or why it has none in this course."""
    if file.exercise:
        try:
            named: Exercise | None = find(file.exercise)
        except UsageError as error:
            return None, str(error)
    else:
        named = which(file.name, text, chosen)
    if named is None and len(chosen) == 1 and (text or _is_code(file.name)):
        return chosen[0], ""
    if named is None:
        return None, "belongs to no exercise: neither its name nor what it defines tells which"
    return (named, "") if named in chosen else (None, f"is for {named.name}, which is not in this course")


def _harmless(student: Student) -> Student:
    """Return the same student with texts that can be shown."""
    return Student(*(one_line(str(getattr(student, name))).strip() for name in Student.__struct_fields__))


def _leave_what_was_handed_in_twice(found: Gathered) -> None:
    """Leave out what cannot be read where the same student has handed in, for the same exercise, what can be."""
    readable = {(each.student, each.exercise) for each in found.submissions if not each.problem}
    kept = []
    for each in found.submissions:
        if each.problem and (each.student, each.exercise) in readable:
            found.strays.append(Stray(each.source, each.path, each.student, each.problem))
        else:
            kept.append(each)
    found.submissions = kept
