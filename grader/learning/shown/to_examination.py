"""What `doctor` found on this machine, as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.doctor import Finding, Health

SIGNS = {Health.OK: ("✓", "green"), Health.WARNING: ("!", "yellow"), Health.BROKEN: ("✗", "red")}


def examination(found: Sequence[Finding]) -> RenderableType:
    """Return what was found on this machine, one line for each thing."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in found:
        sign, colour = SIGNS[each.health]
        todo = Text(f"\n→ {each.todo}" if each.todo else "", style=colour)
        said = Text.assemble(each.said, todo, overflow="fold")
        table.add_row(Text(f"{sign} {each.health}", style=colour, no_wrap=True), each.what, said)
    return Group(table, _conclusion(found))


def _conclusion(found: Sequence[Finding]) -> Text:
    broken, warnings = (
        [each.what for each in found if each.health is health] for health in (Health.BROKEN, Health.WARNING)
    )
    if broken:
        return Text(f"\nBroken: {', '.join(broken)}. Lines with → say what to do.", style="bold")
    if warnings:
        return Text(f"\nEverything that is needed works. Warnings: {', '.join(warnings)}.", style="bold")
    return Text("\nAll is well.", style="bold")
