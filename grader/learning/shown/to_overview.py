"""Where a learner stands, as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.called import program
from grader.catalogue.catalogue import Exercise
from grader.record.progress import State

SIGNS = {
    State.PASSED: ("✓", "green"), State.STALE: ("~", "yellow"),
    State.IN_WORK: ("…", "cyan"), State.NOT_STARTED: ("○", "blue"),
}  # fmt: skip


def overview(states: dict[str, State], left: Sequence[Exercise], file: Path | None) -> RenderableType:
    """Return where the learner stands and what is next: the first exercise that is left, which is in `file`."""
    lines = [Text(f"{len(states) - len(left)} of {len(states)} exercises passed", style="bold")]
    if left:
        first, number = left[0], f"{left[0].number:02}"
        lines.append(Text(f"\nNext: {number} {first.title} ({states[first.name]}, about {first.minutes} minutes)"))
        lines.append(Text(f"  edit   {file}\n  grade  {program()} exercise {number}"))
    else:
        lines.append(Text(f"\nAll of them. `{program()} all` grades everything once more."))
    lines.append(Text(f"\n`{program()} list` shows all exercises, `--help` all commands.", style="dim"))
    return Group(*lines)


def listing(exercises: Sequence[Exercise], states: dict[str, dict[str, State]]) -> RenderableType:
    """Return every exercise by part, with its length and the learner's state on each device."""
    table = Table(box=None, pad_edge=False, show_header=len(states) > 1, header_style="dim")
    for name, justify in (("", "right"), ("", "left"), ("", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for device in states:
        table.add_column(device)
    part = ""
    for each in exercises:
        if each.part != part:
            table.add_row("", Text(f"\n{each.part}" if part else each.part, style="bold"))
            part = each.part
        here = [state(found[each.name]) for found in states.values()]
        table.add_row(f"{each.number:02}", each.title, f"{each.minutes} min", *here)
    passed = {device: sum(each is State.PASSED for each in found.values()) for device, found in states.items()}
    total = " · ".join(f"{count} of {len(exercises)} passed on {device}" for device, count in passed.items())
    return Group(table, Text(f"\n{total}", style="dim"))


def state(found: State) -> Text:
    """Return where a learner stands with one exercise as sign and word."""
    sign, colour = SIGNS[found]
    return Text(f"{sign} {found}", style=colour)
