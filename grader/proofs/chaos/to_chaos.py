"""What became of the scenarios, as a rich renderable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.proofs.chaos.corpus import Result


def table(results: Sequence[Result], seconds: float) -> RenderableType:
    """Return a line for each scenario, and the totals."""
    lines = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("family", "scenario", "what happens", "seen", "seconds"):
        lines.add_column(name, justify="right" if name == "seconds" else "left", overflow="fold")
    for each in results:
        said = each.scenario
        lines.add_row(said.family, said.name.replace("_", " "), said.says, _seen(each), f"{each.seconds:.1f}")
    return Group(lines, Text(), *_remarks(results), _totals(results, seconds))


def _seen(result: Result) -> Text:
    if result.skipped:
        return Text("skipped", style="yellow")
    return Text("wrong", style="red") if result.troubles else Text("as it must", style="green")


def _remarks(results: Sequence[Result]) -> Iterator[Text]:
    for each in results:
        if each.skipped:
            yield Text(f"skipped: {each.scenario.family} {each.scenario.name}: {each.skipped}", style="yellow")
        for trouble in each.troubles:
            yield Text(f"WRONG: {each.scenario.family} {each.scenario.name}: {trouble}", style="red")


def _totals(results: Sequence[Result], seconds: float) -> Text:
    wrong, skipped = (sum(map(bool, found)) for found in zip(*((e.troubles, e.skipped) for e in results), strict=True))
    right = len(results) - wrong - skipped
    counts = f"{right} ended as they must, {wrong} wrong endings, {skipped} skipped"
    text = f"{len(results)} scenarios: {counts}; {seconds:.0f} s"
    return Text(text, style="bold red" if wrong else "bold green")
