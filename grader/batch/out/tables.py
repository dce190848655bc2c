"""The results of a class for other programs: CSV for spreadsheets, JSON with everything, JUnit for CI."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from grader.batch.course import Course
from grader.batch.out.facts import Fact
from grader.batch.out.names import Names
from grader.batch.out.sheet import plain
from grader.batch.standing import Standing
from grader.record.rows import Student
from grader.reports.to_junit import to_junit
from grader.verdict import Verdict

HEAD = ("id", "name", "email", "sid", "login", "exercise", "state", "points", "most", "deducted", "days late",
        "files handed in", "steps passed", "steps", "misconceptions", "note")  # fmt: skip
FORMAT, VERSION = "pytorch-katas class", 1


def to_csv(facts: Iterable[Fact], names: Names) -> str:
    """Return a row for each student and exercise; what a spreadsheet would take for a formula stays a text."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(HEAD)
    writer.writerows([plain(cell) for cell in _row(fact, names)] for fact in facts)
    return held.getvalue()


def _row(fact: Fact, names: Names) -> Iterator[str]:
    yield from _person(fact.student, names).values()
    points = "" if fact.points is None else f"{fact.points:.6g}"
    days = "" if fact.late_days is None else str(fact.late_days)
    passed = sum(outcome == "passed" for outcome in fact.steps.values())
    yield from (fact.exercise, fact.state, points, f"{fact.most:.6g}", f"{fact.deducted:.6g}", days,
                str(fact.handed_in), str(passed) if fact.graded else "", str(len(fact.steps)) if fact.graded else "",
                " ".join(fact.misconceptions), "" if names.hidden else fact.note)  # fmt: skip


def _person(student: Student, names: Names) -> dict[str, str]:
    if names.hidden:
        return {"id": names.file(student.id), "name": "", "email": "", "sid": "", "login": ""}
    return {"id": student.id, "name": student.name, "email": student.email, "sid": student.sid, "login": student.login}


def to_json(found: Iterable[tuple[Standing, Fact]], course: Course, names: Names) -> str:
    """Return everything as one document, verdicts as reports/verdict.schema.json describes them."""
    # A line for each result: as values, those of thousands of students would take ten times the memory.
    rows = ",\n".join(json.dumps(_result(*each, names), ensure_ascii=False, allow_nan=False) for each in found)
    head = json.dumps({"format": FORMAT, "version": VERSION, "title": course.title}, ensure_ascii=False)
    return f'{head[:-1]}, "results": [\n{rows}\n]}}\n'


def _result(standing: Standing, fact: Fact, names: Names) -> dict[str, Any]:
    return {
        **_person(fact.student, names),
        "exercise": fact.exercise,
        "state": fact.state,
        "points": fact.points,
        "most": fact.most,
        "by_step": dict(standing.by_step or {}),
        "deducted": fact.deducted,
        "late_days": fact.late_days,
        "handed_in": fact.handed_in,
        "note": "" if names.hidden else fact.note,
        "verdict": standing.verdict.to_dict() if standing.verdict else None,
    }


def to_class_junit(found: Iterable[tuple[Standing, Fact]], names: Names) -> str:
    """Return a suite for each student and exercise that there is a verdict on."""
    return to_junit([_named(standing.verdict, names.file(fact.student.id)) for standing, fact in found
                     if standing.verdict])  # fmt: skip


def _named(verdict: Verdict, student: str) -> Verdict:
    return replace(verdict, exercise=f"{student}.{verdict.exercise}")
