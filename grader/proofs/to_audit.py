"""What an audit found, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.proofs.findings import Findings


def audit(found: Sequence[Findings], stray: Sequence[str], seeds: Sequence[int]) -> RenderableType:
    """Return what an audit found: counts for each exercise and in all, and every problem in words."""
    lines = [*(f"{each.exercise}: {text}" for each in found for text in each.texts), *stray]
    clean = "Every wrong answer was refused for its own reason, and every right one accepted."
    end = Text("\n".join(lines) or clean, style="red" if lines else "green")
    tried = f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds, {seeds[0]} to {seeds[-1]}"
    return Group(_counted(found), Text(), end, Text(_changed(found)), Text(tried, style="dim"))


def _counted(found: Sequence[Findings]) -> Table:
    rows = [
        (each.checks, each.wrong, each.right, len(each.wrong_accepted), len(each.right_refused), len(each.problems))
        for each in found
    ]
    table = Table(box=None, pad_edge=False, header_style="dim", show_footer=len(found) > 1, footer_style="bold")
    table.add_column("exercise", f"{len(found)} exercises", no_wrap=True)
    names = ("checks", "wrong\nanswers", "right\nanswers", "wrong\naccepted", "right\nrefused", "problems")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        table.add_column(name, str(sum(column)), justify="right", vertical="bottom")
    for each, (*good, accepted, refused, problems) in zip(found, rows, strict=True):
        bad = [Text(str(count), style="red" if count else "green") for count in (accepted, refused, problems)]
        table.add_row(each.exercise, *map(str, good), *bad)
    return table


def _changed(found: Sequence[Findings]) -> str:
    total, same = sum(each.mutants for each in found), sum(each.equivalent for each in found)
    if not total:
        return ""
    survived = sum(len(each.mutants_accepted) for each in found)
    return f"{total} changed solutions: {survived} accepted, {same} listed as meaning the same ({same / total:.1%})"
