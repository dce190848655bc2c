"""Where a learner stands, in pictures for a terminal, as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.called import program
from grader.catalogue.misconceptions import misconceptions
from grader.learning.practice.stats import DAYS_BACK, Effort, Standing, Stats
from grader.learning.shown.to_drill import when
from grader.learning.shown.to_review import short

BLOCKS = "▁▂▃▄▅▆▇█"
SIGNS = {Standing.OPEN: ("○", "blue"), Standing.CLEARED: ("✓", "green"), Standing.BACK: ("↺", "yellow")}
MOST = 8  # misconceptions that are named
WIDEST = 16  # columns of a bar
NOTHING = "Nothing has happened yet: it begins with the first exercise that you grade."


def stats(found: Stats, now: float) -> RenderableType:
    """Return all of it: passes, exercises, misconceptions, questions, and what is due."""
    if found.is_empty:
        return Text(NOTHING)
    parts = (_passes(found), _efforts(found.efforts, now), _misconceptions(found), _answers(found), _due(found))
    return Group(*(each for part in parts for each in part))


def _passes(found: Stats) -> list[RenderableType]:
    total, highest = sum(count for _, count in found.passes), max(count for _, count in found.passes)
    bars = "".join(_block(count, highest) for _, count in found.passes)
    first, last = found.passes[0][0], found.passes[-1][0]
    return [
        _head(f"Exercises passed in {DAYS_BACK} days: {total}"),
        Text(f"  {bars}", style="green"),
        Text(f"  {first[5:]}{last[5:]:>{len(bars) - len(first[5:])}}", style="dim"),
    ]


def _block(count: int, highest: int) -> str:
    return BLOCKS[-(-count * len(BLOCKS) // highest) - 1] if count else "·"


def _efforts(efforts: Sequence[Effort], now: float) -> list[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("", overflow="ellipsis")
    table.add_column("tries", justify="right", no_wrap=True, min_width=5)
    table.add_column("time", justify="right", no_wrap=True, min_width=7)
    table.add_column("again", no_wrap=True, min_width=9)
    for each in efforts:
        sign = Text("✓", style="green") if each.passed else Text("…", style="cyan")
        again = when(each.due, now) if each.passed else ""
        table.add_row(sign, each.exercise.name, str(each.attempts), short(each.seconds), again)
    return [_head("Exercises, until each passed"), table] if efforts else []


def _misconceptions(found: Stats) -> list[RenderableType]:
    if not found.standings:
        return []
    counts = {standing: len(found.with_standing(standing)) for standing in Standing}
    bars = [
        Text.assemble((f"  {SIGNS[standing][0]} {standing:<16}", SIGNS[standing][1]), _bar(count, counts.values()))
        for standing, count in counts.items()
    ]
    named = [*found.with_standing(Standing.BACK), *found.with_standing(Standing.OPEN)][:MOST]
    lines = [
        Text.assemble((f"  {SIGNS[found.standings[name]][0]} {name}", "bold"), f"  {misconceptions()[name].title}")
        for name in named
    ]
    came_back = f"; {len(found.came_back)} came back at some time" if found.came_back else ""
    return [_head(f"Misconceptions met: {len(found.standings)}{came_back}"), *bars, *lines]


def _answers(found: Stats) -> list[RenderableType]:
    hints = f"Hints taken: {found.hints}"
    share = (
        f"Questions answered: {found.answered}, {found.right / found.answered:.0%} of them right"
        if found.answered
        else ""
    )
    return [_head(". ".join(filter(None, (share, hints))) + ".")]


def _due(found: Stats) -> list[RenderableType]:
    rows = zip(found.questions_due, found.reviews_due, strict=True)
    counts = [count for _, count in found.questions_due]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column("questions")
    table.add_column("reviews", justify="right")
    for (date, questions), (_, reviews) in rows:
        table.add_row(f"  {date[5:]}", _bar(questions, counts), str(reviews or ""))
    total = sum(counts) + sum(count for _, count in found.reviews_due)
    foot = Text(
        f"`{program()} drill` asks, `{program()} review` hands out. All of this stays on this machine.", style="dim"
    )
    return [_head(f"Due this week: {total}"), table, Text(), foot]


def _bar(count: int, among: Sequence[int] | object) -> Text:
    highest = max([*among, 1])  # type: ignore[misc]
    return Text.assemble(("█" * -(-count * WIDEST // highest), "cyan"), f" {count}" if count else "")


def _head(text: str) -> Text:
    return Text(f"\n{text}", style="bold")
