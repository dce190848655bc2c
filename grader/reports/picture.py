"""The picture of a difference: what was expected beside what came back, with a sign at each cell that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from grader.verdict import Picture

GAP = "   "
SHADES = "·░▒▓█?"
MEANINGS = {"↑": "too large", "↓": "too small", "≠": "different"}


class Shown:
    """A picture for a console: both sides beside each other where there is room, else one above the other."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from (Text(line, no_wrap=True, overflow="crop") for line in _head(self._picture))
        sides = _sides(self._picture)
        width = max(len(row.plain) for row in sides[0])
        if 2 * width + len(GAP) <= options.max_width:
            yield from (Text.assemble(_padded(left, width), GAP, right) for left, right in zip(*sides, strict=True))
        else:
            yield from (row for side in sides for row in side)


def lines(picture: Picture) -> list[str]:
    """Return a picture as lines of plain text."""
    return [*_head(picture), *(f"{left.plain}{GAP}{right.plain}" for left, right in zip(*_sides(picture), strict=True))]


def _head(picture: Picture) -> list[str]:
    """Return which part is shown, and what the signs mean that occur."""
    signs = [f"{sign} {said}" for sign, said in MEANINGS.items() if any(sign in row for row in picture.marks)]
    shades = [f"{SHADES[0]} smallest, █ largest"] if _is_shaded(picture) else []
    return [part for part in ("; ".join([*signs, *shades]), picture.part) if part]


def _is_shaded(picture: Picture) -> bool:
    return all(cell in SHADES for side in (picture.expected, picture.got) for row in side for cell in row)


def _sides(picture: Picture) -> tuple[list[Text], list[Text]]:
    """Return the rows of both sides under a heading each, all of a side equally wide."""
    sides = ("expected", _cells(picture, picture.expected)), ("got", _cells(picture, picture.got))
    left, right = ([Text(name, style="dim"), *_rows(cells, picture)] for name, cells in sides)
    return [_padded(row, max(len(each.plain) for each in left)) for row in left], right


def _cells(picture: Picture, side: Sequence[Sequence[str]]) -> list[list[Text]]:
    """Return each cell with its sign, which only what came back bears; a shade without a sign fills its cell."""
    ours, shaded = side is picture.got, _is_shaded(picture)
    return [
        [_cell(text, mark if ours else " ", shaded=shaded) for text, mark in zip(row, marks, strict=True)]
        for row, marks in zip(side, picture.marks, strict=True)
    ]


def _cell(text: str, mark: str, *, shaded: bool) -> Text:
    if mark == " ":
        return Text(text * 2 if shaded else text)
    return Text(f"{mark}{text}", style="bold reverse")


def _rows(cells: Sequence[Sequence[Text]], picture: Picture) -> Iterator[Text]:
    width = max((len(cell.plain) for row in cells for cell in row), default=0)
    for row in cells:
        line = Text(no_wrap=True)
        for at, cell in enumerate(row):
            line.append(" " if at and not _is_shaded(picture) else "")
            line.append(" " * (width - len(cell.plain)))
            line.append_text(cell)
        yield line


def _padded(line: Text, width: int) -> Text:
    line = line.copy()
    line.append(" " * (width - len(line.plain)))
    return line
