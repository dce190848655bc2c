"""The comparison with other graders: as a rich table, and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.proofs.peers.comparison import Comparison, Row

COLUMNS = ("wrong accepted", "right refused", "forged", "results lost", "cold", "warm", "memory")
NONE = "–"


def to_terminal(comparison: Comparison) -> RenderableType:
    """Return the figures, what became of each hostile submission, and the notes; tools have numbers, to save width."""
    numbers = {row.description.name: str(number) for number, row in enumerate(comparison.rows, 1)}
    lines = [(f"{numbers[row.description.name]} {row.description.name}", _cells(row)) for row in comparison.rows]
    names = [row.description.name for row in comparison.rows if not row.missing]
    endings = _table("hostile", [numbers[name] for name in names], _hostile_rows(comparison, names))
    notes = "\n".join([*_notes(comparison.rows), comparison.about])
    return Group(_table("", COLUMNS, lines), Text(), endings, Text(), Text(notes))


def _table(corner: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column(corner, overflow="fold", min_width=12)
    for name in columns:
        table.add_column(name.replace("`", ""), justify="right", vertical="bottom", max_width=9)
    for name, cells in rows:
        table.add_row(name.replace("`", ""), *cells)
    return table


def to_markdown(comparison: Comparison) -> str:
    """Return the same as Markdown, ending in a newline."""
    figures = _lines("", COLUMNS, [(_versioned(each), _cells(each)) for each in comparison.rows])
    names = [each.description.name for each in comparison.rows if not each.missing]
    endings = _lines("hostile submission", names, _hostile_rows(comparison, names))
    notes = [f"- {note}" for note in _notes(comparison.rows)]
    parts = [
        *figures, "", comparison.about, "", *notes, "",
        "<details><summary>What became of each hostile submission</summary>", "", *endings, "", "</details>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _lines(corner: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    head = [_line((corner, *columns)), _line(("---", *("---:" for _ in columns)))]
    return head + [_line((name, *cells)) for name, cells in rows]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _versioned(row: Row) -> str:
    return f"{row.description.name} {row.version}".strip()


def _cells(row: Row) -> list[str]:
    if row.missing:
        return ["not installed here", *[""] * (len(COLUMNS) - 1)]
    return [
        str(row.wrong_accepted), str(row.right_refused), str(row.forged), str(row.lost),
        _figure(row.cold_seconds, "s"), _figure(row.warm_seconds, "s"), _figure(row.peak_mb, "MB"),
    ]  # fmt: skip


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return NONE
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.2g} {unit}"


def _hostile_rows(comparison: Comparison, names: Sequence[str]) -> list[tuple[str, list[str]]]:
    return [(name, [found.get(tool, NONE) for tool in names]) for name, found in comparison.hostile.items()]


def _notes(rows: Sequence[Row]) -> list[str]:
    notes = []
    for row in rows:
        said = [f"{_versioned(row)}: {row.description.how}"]
        said += [f"not installed here ({row.missing})"] if row.missing else []
        said += [f"{name} is not counted: {why}" for name, why in row.description.cannot.items()]
        notes.append("; ".join(said) + ".")
    return notes
