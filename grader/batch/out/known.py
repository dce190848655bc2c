"""What the page of a class is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.batch.course import Course
from grader.batch.out.facts import Fact
from grader.batch.out.names import Names
from grader.record.rows import Stray
from grader.reports.markup import Node, tag


@dataclass(frozen=True)
class Known:
    """All that the page is made of; `text` returns what a submission says, by its id."""

    course: Course
    facts: Sequence[Fact]
    names: Names
    strays: Sequence[Stray]
    text: Callable[[int], str]


def link(known: Known, student: str, folder: str) -> Node:
    """Return a student's name as a link to their page."""
    return tag("a", known.names.name(student), href=f"{folder}/{known.names.file(student)}.html")
