"""Reads the hints of an exercise: for each step three, from a nudge to nearly there."""

from __future__ import annotations

import re

from grader.catalogue.catalogue import Exercise

LEVELS = 3


def hints(exercise: Exercise) -> dict[str, tuple[str, ...]]:
    """Return each step's hints in order; a missing file or step has none.

    The file holds a heading `## step` for each step, and under it an ordered list.
    """
    if not exercise.hints.exists():
        return {}
    sections = re.split(r"^## +", exercise.hints.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {name.strip(): _items(body) for name, _, body in (section.partition("\n") for section in sections)}


def _items(body: str) -> tuple[str, ...]:
    parts = re.split(r"^\d+\. +", body, flags=re.MULTILINE)[1:]
    return tuple(" ".join(part.split()) for part in parts)
