"""A verdict, or whatever else a terminal shows, as a picture: for a README, or to send to somebody."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.terminal_theme import MONOKAI

from grader.called import program
from grader.reports import to_terminal
from grader.verdict import Verdict

WIDTH = 100  # columns


def to_svg(verdicts: Sequence[Verdict]) -> str:
    """Return what `exercise` or `all` prints of these verdicts as an SVG document."""
    several = len({verdict.exercise for verdict in verdicts}) > 1
    shown = to_terminal.summary(verdicts) if several else to_terminal.report(verdicts)
    number = verdicts[0].exercise.partition("_")[0]
    return picture(shown, f"{program()} {'all' if several else f'exercise {number}'}")


def picture(shown: RenderableType, title: str, width: int = WIDTH) -> str:
    """Return a renderable as an SVG document that bears a title; `width` in columns."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(shown)
    return console.export_svg(title=title, theme=MONOKAI)
