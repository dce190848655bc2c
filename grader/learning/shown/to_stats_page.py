"""Where a learner stands, as a page to read or print: one file without scripts, in the form of a report."""

from __future__ import annotations

from collections.abc import Sequence

from grader.catalogue.misconceptions import misconceptions
from grader.learning.practice.stats import DAYS_BACK, Standing, Stats
from grader.learning.shown.to_drill import when
from grader.learning.shown.to_review import short
from grader.learning.shown.to_stats import NOTHING
from grader.reports.markup import Node, page, table, tag
from grader.reports.to_html import STYLES, style

TITLE = "Where you stand"
CHARTS = """
svg { width: 100%; height: 6rem; fill: var(--passed); background: var(--soft); }
.bar { display: inline-block; height: 0.7rem; margin-right: 0.5rem; background: var(--open); }
"""
TALL = 40  # units of a chart's height


def to_page(found: Stats, now: float) -> str:
    """Return the page."""
    sections = (
        [tag("p", NOTHING)] if found.is_empty else [*_passes(found), *_efforts(found, now), *_met(found), *_due(found)]
    )
    return page(
        f"{TITLE} · PyTorch katas",
        "".join([*map(style, STYLES), CHARTS]),
        tag("header", tag("h1", TITLE)),
        tag("main", *sections),
        tag("footer", tag("p", "Made from the record on this machine; nothing of it was sent anywhere.")),
    )


def _passes(found: Stats) -> list[Node]:
    total = sum(count for _, count in found.passes)
    first, last = found.passes[0][0], found.passes[-1][0]
    return [
        tag("h2", f"Exercises passed in {DAYS_BACK} days: {total}"),
        _chart(found.passes, f"Exercises passed on each day from {first} to {last}"),
        tag("p", f"{first} to {last}", class_="dim"),
    ]


def _chart(days: Sequence[tuple[str, int]], label: str) -> Node:
    """Return a column for each day, with its number as a title for whoever points at it."""
    highest = max([count for _, count in days] + [1])
    columns = []
    for place, (date, count) in enumerate(days):
        height = count * TALL / highest
        title = tag("title", f"{date}: {count}")
        columns.append(
            tag("rect", title, x=f"{place + 0.1:.1f}", y=f"{TALL - height:.1f}", width="0.8", height=f"{height:.1f}")
        )
    told = "; ".join(f"{date}: {count}" for date, count in days if count) or "none"
    box = f"0 0 {len(days)} {TALL}"
    return tag("svg", *columns, viewBox=box, preserveAspectRatio="none", role="img", aria_label=f"{label}: {told}")


def _efforts(found: Stats, now: float) -> list[Node]:
    rows: list[Sequence[Node]] = [
        (
            tag("code", each.exercise.name), "passed" if each.passed else "in progress", str(each.attempts),
            short(each.seconds), str(each.hints), when(each.due, now) if each.passed else "",
        )
        for each in found.efforts
    ]  # fmt: skip
    heads = ("exercise", "state", "attempts", "time", "hints", "again")
    return [tag("h2", "Exercises"), table("Until each of them passed", heads, rows, narrow=3)]


def _met(found: Stats) -> list[Node]:
    order = list(Standing)[::-1]
    names = sorted(found.standings, key=lambda name: order.index(found.standings[name]))
    rows: list[Sequence[Node]] = [
        (tag("code", name), misconceptions()[name].title, f"{found.standings[name]}{_again(found, name)}")
        for name in names
    ]
    counts = ", ".join(f"{len(found.with_standing(each))} {each}" for each in Standing)
    share = f"{found.answered} questions answered, {found.right} of them right. " if found.answered else ""
    said = tag("p", f"{share}{found.hints} hints taken.")
    shown = [table(f"{len(names)} met: {counts}", ("misconception", "", "state"), rows, narrow=3)] if names else []
    return [tag("h2", "Misconceptions"), said, *shown]


def _again(found: Stats, name: str) -> str:
    return ", after it had come back" if name in found.came_back and found.standings[name] is Standing.CLEARED else ""


def _due(found: Stats) -> list[Node]:
    highest = max([count for _, count in found.questions_due] + [1])
    rows: list[Sequence[Node]] = [
        (date, tag("span", _bar(count, highest), str(count)), str(reviews))
        for (date, count), (_, reviews) in zip(found.questions_due, found.reviews_due, strict=True)
    ]
    heads = ("day", "questions", "exercises")
    return [tag("h2", "Due this week"), table("What is overdue counts for today", heads, rows, narrow=3)]


def _bar(count: int, highest: int) -> Node:
    return tag("span", class_="bar", style=f"width: {count * 12 / highest:.2f}rem", aria_hidden="true")
