"""Hints and explanations for a terminal, as rich renderables."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from grader.called import program
from grader.catalogue.catalogue import Exercise
from grader.catalogue.hints import LEVELS
from grader.catalogue.mark import withheld_by
from grader.catalogue.misconceptions import Misconception
from grader.record.progress import Meeting

# The terminal's own colours, so that code is readable on light and dark backgrounds.
CODE_THEME = "ansi_light"


def hint(exercise: Exercise, step: str, taken: Sequence[str], *, new: bool, by_key: bool = False) -> RenderableType:
    """Return the hints that were taken, the newest last and brightest.

    `new` tells whether that one is, `by_key` whether keys lead on, as in `watch`, and not commands.
    """
    head = Text.assemble((f"{exercise.number:02} {step}", "bold"), (f"   hint {len(taken)} of {LEVELS}", "dim"))
    table = Table.grid(padding=(0, 1))
    for number, text in enumerate(taken, 1):
        newest = number == len(taken)
        table.add_row(f"{number}.", Text(text, style="" if newest else "dim"))
    return Group(Text(), head, table, Text(_after(exercise, len(taken), new=new, by_key=by_key), style="dim"))


def _after(exercise: Exercise, taken: int, *, new: bool, by_key: bool) -> str:
    if taken < LEVELS and not new:
        return ""
    if taken < LEVELS:
        return f"\n{'h' if by_key else 'The same command'} gives the next one."
    if withheld_by():
        return "\nThat was the last one."
    compare = "c" if by_key else f"`{program()} compare {exercise.number:02} --spoil`"
    return f"\nThat was the last one. {compare} shows a solution."


def misconceptions(known: Sequence[Misconception], met: dict[str, list[Meeting]]) -> RenderableType:
    """Return the names and titles of all misconceptions, those that the learner met first."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for each in sorted(known, key=lambda each: (each.id not in met, each.id)):
        sign = "● " if each.id in met else "  "
        table.add_row(Text(sign + each.id, style="bold" if each.id in met else ""), each.title)
    count = len(met.keys() & {each.id for each in known})
    foot = f"\n{len(known)} in all; ● marks the {count} that you met. `{program()} explain NAME` says more."
    return Group(table, Text(foot, style="dim"))


def explanation(found: Misconception, met: Sequence[Meeting]) -> RenderableType:
    """Return all that is known about a misconception, and where the learner met it."""
    parts: list[RenderableType] = [
        Text.assemble("\n", (found.title, "bold"), (f"   {found.id}", "dim")),
        Text(found.why),
        Text.assemble(("Look: ", "bold"), found.look),
    ]
    if found.example:
        parts += [Text("\nSee it happen", style="bold"), Padding(_session(found.example), (0, 0, 0, 2))]
        parts.append(Text(f"\n`{program()} explain {found.id} --run` runs this here.", style="dim"))
    if found.graphs:
        parts.append(Text("\nWhat autograd records behind `y`", style="bold"))
        parts += [Padding(_graph(code, tree), (0, 0, 1, 2)) for code, tree in found.graphs]
    if found.read_on:
        parts.append(Text.assemble(("Read on: ", "bold"), found.read_on, overflow="fold"))
    return Group(*parts, Text(_where(met), style="dim"))


def _session(text: str) -> RenderableType:
    return Syntax(text, "pycon", theme=CODE_THEME, background_color="default", word_wrap=True)


def _graph(code: str, tree: str) -> RenderableType:
    return Group(_session(code), Text("\n".join(f"    {line}" for line in tree.splitlines())))


def _where(met: Sequence[Meeting]) -> str:
    if not met:
        return "You have not met it yet."
    places = [f"{each.exercise} {each.step} ({_times(each.times)}, last on {_day(each.last)})" for each in met]
    return "You met it in " + "; ".join(places) + "."


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(moment))
