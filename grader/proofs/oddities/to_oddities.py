"""What became of the battery of oddities, as a rich renderable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.proofs.oddities.corpus import Result


def table(results: Sequence[Result], seconds: float) -> RenderableType:
    """Return a line for each oddity, and the totals."""
    lines = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("oddity", "what it is", "expected", "seen", "exercises", "seconds"):
        lines.add_column(name, justify="right" if name in ("exercises", "seconds") else "left", overflow="fold")
    for oddity, group in groupby(results, lambda each: each.oddity):
        tried = list(group)
        seen = Counter(each.seen for each in tried)
        style = "red" if any(each.troubles for each in tried) else "green"
        lines.add_row(
            oddity.name, oddity.said["oddity"], oddity.ending, Text(" | ".join(seen), style=style), str(len(tried)),
            f"{sum(each.seconds for each in tried):.1f}",
        )  # fmt: skip
    return Group(lines, Text(), *_remarks(results), _totals(results, seconds))


def _remarks(results: Sequence[Result]) -> Iterator[Text]:
    for each in results:
        for trouble in each.troubles:
            yield Text(f"WRONG: {each.oddity.name} with {each.exercise.number:02}: {trouble}", style="red")


def _totals(results: Sequence[Result], seconds: float) -> Text:
    wrong = sum(bool(each.troubles) for each in results)
    count = len({each.oddity.name for each in results})
    text = (
        f"{count} oddities, {len(results)} gradings: {len(results) - wrong} ended as they must, {wrong} wrong endings; "
        f"{seconds:.0f} s"
    )
    return Text(text, style="bold red" if wrong else "bold green")
