"""Exercises handed out once more, and how it went beside the first time, as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from grader.called import program
from grader.catalogue.misconceptions import misconceptions
from grader.learning.practice.review import Effort, Recalled
from grader.learning.shown import to_comparison
from grader.learning.shown.to_drill import when


def recalled(found: Recalled, now: float) -> RenderableType:
    """Return how a review went: effort then and now, what was met again, and what is different in the code."""
    hints = f", {found.hints} {'hint' if found.hints == 1 else 'hints'}" if found.hints else ""
    parts: list[RenderableType] = [
        Text("\nReviewed: it passed again.", style="bold green"),
        Text.assemble(("Then: ", "bold"), f"{_effort(found.before)}{hints}."),
        Text.assemble(("Now:  ", "bold"), f"{_effort(found.now)}."),
    ]
    parts += met_again(found.met_again)
    if found.changed:
        parts.append(to_comparison.comparison(found.exercise, found.changed, ("then", "now")))
    return Group(*parts, Text(f"\nComes again {when(found.due, now)}.", style="dim"))


def met_again(names: Sequence[str]) -> list[Text]:
    """Return a line for each misconception that was met before and is met again."""
    known = misconceptions()
    return [
        Text(f"Met again: {known[name].title}. `{program()} explain {name}` says why.", style="yellow")
        for name in names
    ]


def _effort(effort: Effort) -> str:
    attempts = f"{effort.attempts} {'attempt' if effort.attempts == 1 else 'attempts'}"
    return f"{attempts} in {minutes(effort.seconds)}"


def short(seconds: float) -> str:
    """Return a length of time for a table."""
    return f"{round(seconds / 60)} min" if seconds >= 30 else "< 1 min"


def minutes(seconds: float) -> str:
    """Return a length of time as people say it."""
    whole = round(seconds / 60)
    if whole < 1:
        return "less than a minute"
    return "a minute" if whole == 1 else f"{whole} minutes"
