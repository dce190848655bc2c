"""What became of the hostile corpus, as a rich renderable."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.proofs.hostile.corpus import Result


def table(results: Sequence[Result], isolation: Sequence[str], seconds: float) -> RenderableType:
    """Return a line for each attack, and the totals."""
    lines = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("family", "attack", "harm", "expected", "seen", "seconds"):
        lines.add_column(name, justify="right" if name == "seconds" else "left", overflow="fold")
    for each in results:
        expected = " | ".join(sorted(each.attack.endings))
        style = "yellow" if each.attack.limit else "green"
        seen = Text(each.seen, style=style if each.as_expected else "red")
        lines.add_row(each.attack.family, each.attack.name, each.attack.harm, expected, seen, f"{each.seconds:.2f}")
    return Group(lines, Text(), *_remarks(results), _totals(results, isolation, seconds))


def _remarks(results: Sequence[Result]) -> list[Text]:
    limits = [
        Text(f"known limit: {each.attack.family} {each.attack.name}: {each.attack.limit}", style="yellow")
        for each in results
        if each.attack.limit
    ]
    return limits + [
        Text(f"BREACH: {each.attack.path.name}: {trouble}", style="red")
        for each in results
        for trouble in each.troubles
    ]


def _totals(results: Sequence[Result], isolation: Sequence[str], seconds: float) -> Text:
    limits = sum(bool(each.attack.limit) for each in results)
    stopped = sum(each.as_expected and not each.attack.limit for each in results)
    breaches = sum(not each.as_expected for each in results)
    text = (
        f"{len(results)} attacks: {stopped} stopped, {limits} known limits, {breaches} breaches; "
        f"{seconds:.0f} s; isolation: {', '.join(isolation)}"
    )
    return Text(text, style="bold red" if breaches else "bold green")
