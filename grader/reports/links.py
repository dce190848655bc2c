"""Links to files, as terminals follow them (OSC 8)."""

from __future__ import annotations

from pathlib import Path

from rich.style import Style

BOLD, DIM = Style(bold=True), Style(dim=True)


def to_file(name: str | Path, line: int = 0) -> Style:
    """Return the style of a text that leads to a file, and to a line in it, counted from 1, if one is given.

    The line is written as editors and terminals read it (VS Code, kitty, WezTerm, iTerm2); others leave it out.
    """
    address = Path(name).absolute().as_uri()
    return Style(link=f"{address}#{line}" if line > 0 else address)
