"""Which misconceptions a class has: how often, and in whose words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.batch.out import charts, figures
from grader.batch.out.figures import Met
from grader.batch.out.known import Known, link
from grader.batch.out.words import step_code
from grader.catalogue.misconceptions import misconceptions
from grader.reports.markup import Node, tag
from grader.reports.to_html import prose

MOST_MISCONCEPTIONS, MOST_WORDS, MOST_READ = 40, 3, 60


def misconceptions_of_class(known: Known, folder: str) -> Iterator[Node]:
    """Yield each misconception that was met, the most frequent first; students' pages lie in the folder."""
    met = figures.misconceptions(known.facts)
    graded = len({fact.student.id for fact in known.facts if fact.graded})
    if not met:
        yield tag("p", "No misconception was named.")
    for each in met[:MOST_MISCONCEPTIONS]:
        yield _misconception(known, each, graded, folder)
    if len(met) > MOST_MISCONCEPTIONS:
        rest = ", ".join(f"{each.id} ({each.students})" for each in met[MOST_MISCONCEPTIONS:])
        yield tag("p", f"Also met: {rest}.")


def _misconception(known: Known, met: Met, graded: int, folder: str) -> Node:
    found = misconceptions().get(met.id)
    head = [tag("h3", *prose(found.title)), tag("p", *prose(found.why))] if found else [tag("h3", met.id)]
    share = met.students / graded if graded else 0.0
    said = f"{met.students} of {graded} students ({share:.0%}), in {', '.join(sorted({step for *_, step in met.by}))}"
    words = list(_words(known, met, folder))
    shown = [tag("details", tag("summary", "In their words"), *words)] if words else []
    return tag("div", *head, tag("p", said, ", ", tag("code", met.id)), charts.bar(share), *shown, id=met.id)


def _words(known: Known, met: Met, folder: str) -> Iterator[Node]:
    """Yield how the step was written, each way once, with some of those who wrote it so."""
    ways: dict[str, list[str]] = {}
    for student, submission, step in met.by[:MOST_READ]:
        code = step_code(known.text(submission), step, bare=known.names.hidden)
        if code and (code in ways or len(ways) < MOST_WORDS):
            ways.setdefault(code, []).append(student)
    for code, students in ways.items():
        yield tag("p", *_links(known, students, folder))
        yield tag("blockquote", tag("pre", code))


def _links(known: Known, students: Sequence[str], folder: str) -> Iterator[Node]:
    for index, student in enumerate(students[:MOST_WORDS]):
        yield ", " if index else ""
        yield link(known, student, folder)
    if len(students) > MOST_WORDS:
        yield f" and {len(students) - MOST_WORDS} more"
