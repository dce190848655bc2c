"""What is measured: a median with its range, and the bound that it is held against; as a table."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One thing measured: its median and range, and the bound that it is held against."""

    what: str
    median: float
    low: float
    high: float
    unit: str
    bound: float | None = None
    at_least: bool = False

    @property
    def within(self) -> str:
        """Whether the median keeps the bound."""
        if self.bound is None:
            return ""
        return "yes" if (self.median >= self.bound if self.at_least else self.median <= self.bound) else "NO"


def figure(what: str, values: list[float], unit: str, bound: float | None = None, *, at_least: bool = False) -> Figure:
    """Return the figure that several measurements make."""
    return Figure(what, statistics.median(values), min(values), max(values), unit, bound, at_least)


def table(title: str, figures: Iterable[Figure]) -> Table:
    """Return figures as a table."""
    shown = Table(title=f"{title}, {os.cpu_count()} processors", box=None, title_justify="left")
    for name in ("", "median", "lowest", "highest", "bound", "kept"):
        shown.add_column(name, justify="left" if not name else "right")
    for each in figures:
        numbers = [f"{value:.3g} {each.unit}".strip() for value in (each.median, each.low, each.high)]
        bound = "" if each.bound is None else f"{'≥ ' if each.at_least else ''}{each.bound:.3g} {each.unit}".strip()
        shown.add_row(each.what, *numbers, bound, each.within)
    return shown
