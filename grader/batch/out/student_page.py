"""A student's page: what each exercise came to, then the report on each file, with what the course shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from grader.batch import visible
from grader.batch.course import Course
from grader.batch.out.facts import Fact
from grader.batch.standing import Standing
from grader.reports.markup import Node, page, table, tag
from grader.reports.to_html import STYLES, footer, section_id, sections, style
from grader.verdict import Verdict


@dataclass(frozen=True)
class Teller:
    """What students are told at a moment; with `in_full` everything, for the staff."""

    course: Course
    now: datetime
    in_full: bool = False

    def verdict(self, standing: Standing) -> Verdict | None:
        """Return a verdict with what is shown of it."""
        if standing.verdict is None or self.in_full:
            return standing.verdict
        due = self.course.due(standing.student.id, standing.assignment)
        return visible.to_student(standing.verdict, standing.assignment.visibility, due, self.now)


def student_page(name: str, of_student: Sequence[tuple[Standing, Fact]], teller: Teller, more: str = "") -> str:
    """Return the page of one student."""
    verdicts = [each for standing, _ in of_student if (each := teller.verdict(standing))]
    got = [fact.points for _, fact in of_student if fact.points is not None]
    most = sum(fact.most for _, fact in of_student if fact.points is not None)
    title = teller.course.title or "PyTorch katas"
    head = tag("p", title, f" · {sum(got):.6g} of {most:.6g} points" if got else "")
    return page(
        f"{name} · {title}",
        "".join(map(style, STYLES)) + more,
        tag("header", tag("h1", name), head),
        tag("main", _overview(of_student), *sections(verdicts)),
        footer(verdicts) if verdicts else tag("footer"),
    )


def _overview(of_student: Sequence[tuple[Standing, Fact]]) -> Node:
    heads = ("exercise", "state", "points", "late", "note")
    return table("Exercises", heads, [_row(*each) for each in of_student], narrow=3)


def _row(standing: Standing, fact: Fact) -> Sequence[Node]:
    exercise = standing.assignment.exercise
    name: Node = f"{exercise.number:02} {exercise.title}"
    if standing.verdict:
        name = tag("a", name, href=f"#{section_id(standing.verdict)}")
    return name, fact.state, points(fact), late(fact), fact.note


def points(fact: Fact) -> str:
    """Return the points that a student got, with what was taken off."""
    if fact.points is None:
        return "–"
    less = f" (−{fact.deducted:.6g})" if fact.deducted else ""
    return f"{fact.points:.6g} of {fact.most:.6g}{less}"


def late(fact: Fact) -> str:
    """Return how late something was handed in; nothing where it was not."""
    if fact.late_days is None:
        return "not known"
    return f"{fact.late_days} day{'s' if fact.late_days > 1 else ''}" if fact.late_days else ""
