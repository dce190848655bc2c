"""What a command prints as a picture, exactly as the terminal shows it: for a README, or to send to somebody."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType
from rich.terminal_theme import MONOKAI

WIDTH = 100  # columns


def to_svg(shown: RenderableType, title: str, width: int = WIDTH) -> str:
    """Return a renderable as an SVG document that bears a title; `width` in columns."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(shown)
    return console.export_svg(title=title, theme=MONOKAI)
