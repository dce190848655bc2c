"""Pictures for a class's page as SVG in the page itself: no script, nothing fetched, and a text for who sees none."""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.reports.markup import Node, tag

BAR, HEIGHT = 100.0, 12.0
WIDTH, TALL, BELOW, ABOVE = 480.0, 120.0, 30.0, 14.0


def bar(share: float) -> Node:
    """Return a bar that is filled to a share from 0 to 1; the number has to stand beside it."""
    part = max(0.0, min(1.0, share)) * BAR
    return tag(
        "svg",
        tag("rect", class_="all", x="0.5", y="0.5", width=_px(BAR - 1), height=_px(HEIGHT - 1)),
        tag("rect", class_="part", x="0", y="0", width=_px(part), height=_px(HEIGHT)),
        class_="bar", viewBox=f"0 0 {BAR:g} {HEIGHT:g}", preserveAspectRatio="none", aria_hidden="true",
    )  # fmt: skip


def columns(caption: str, counts: Sequence[tuple[str, int]]) -> Node:
    """Return a column for each count, with its label below and its number above."""
    most = max((count for _, count in counts), default=0) or 1
    wide = WIDTH / max(len(counts), 1)
    parts: list[Node] = []
    for index, (label, count) in enumerate(counts):
        height, middle = TALL * count / most, (index + 0.5) * wide
        left = index * wide + wide * 0.1
        parts += [
            tag("rect", class_="column", x=_px(left), y=_px(ABOVE + TALL - height), width=_px(wide * 0.8),
                height=_px(height)),
            tag("text", str(count), x=_px(middle), y=_px(ABOVE + TALL - height - 3), text_anchor="middle"),
            tag("text", label, class_="axis", x=_px(middle), y=_px(ABOVE + TALL + 16), text_anchor="middle"),
        ]  # fmt: skip
    said = ", ".join(f"{label}: {count}" for label, count in counts)
    picture = tag(
        "svg", *parts, class_="columns", viewBox=f"0 0 {WIDTH:g} {ABOVE + TALL + BELOW:g}", role="img",
        aria_label=f"{caption}: {said}",
    )  # fmt: skip
    return tag("figure", tag("figcaption", caption), picture)


def binned(values: Sequence[float], most: float, bins: int = 10) -> list[tuple[str, int]]:
    """Return how many values lie in each of some equal parts from 0 to the most, with labels."""
    if not most:
        return [("0", len(values))]
    bins = min(bins, math.ceil(most)) if most == int(most) else bins
    size = most / bins
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, max(0, math.ceil(value / size - 1e-9) - 1))] += 1
    zeros = sum(value <= 0 for value in values)
    counts[0] -= zeros
    return [("0", zeros), *((f"≤ {size * (index + 1):.3g}", count) for index, count in enumerate(counts))]


def _px(value: float) -> str:
    return f"{value:.4g}"
