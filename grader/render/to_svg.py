"""A report as a picture, exactly as the terminal shows it: for a README, or to send to somebody."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.terminal_theme import MONOKAI

from grader.render.to_terminal import report
from grader.verdict import Verdict

WIDTH = 100


def to_svg(verdicts: Sequence[Verdict]) -> str:
    """Return the report of one exercise as an SVG document."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(report(verdicts))
    title = f"python -m grader exercise {verdicts[0].exercise.partition('_')[0]}"
    return console.export_svg(title=title, theme=MONOKAI)
