"""Numbers and texts put into few letters."""

from __future__ import annotations

import re

MAX_TEXT = 100
ORDINALS = ("first", "second", "third", "fourth", "fifth")


def number(value: float) -> str:
    """Return a number with at most five significant digits."""
    return f"{value or 0.0:.5g}" if isinstance(value, float) else str(value)  # of a zero, the sign says nothing


def shorten(text: str, most: int = MAX_TEXT) -> str:
    """Return the text, cut in its middle where it is longer than `most`: between two words unless they are long."""
    if len(text) <= most:
        return text
    half = most // 2
    start, end = re.sub(r"\s\S{0,20}$", "", text[: half - 1]), re.sub(r"^\S{0,20}\s", "", text[-half + 2 :])
    return f"{start} … {end}"


def how_many(number: int, noun: str) -> str:
    """Return how many there are, in the right number: "1 element", "3 entries", "twice"."""
    if noun == "time" and number in (1, 2):
        return ("once", "twice")[number - 1]
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith(("tch", "s", "x")) else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def ordinal(index: int) -> str:
    """Return which argument this is, counted from 0: "the first argument", "argument 6"."""
    return f"the {ORDINALS[index]} argument" if index < len(ORDINALS) else f"argument {index + 1}"
