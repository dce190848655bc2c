"""Says what is wrong with a TOML file in words, and in which line: its parser keeps no lines."""

from __future__ import annotations

import difflib
import re

FEW = 4  # of these, all can be named
KEY = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""


def meant(given: str, known: list[str]) -> str:
    """Return what somebody who wrote a word probably meant, or else what is known."""
    close = difflib.get_close_matches(given, known, 1, 0.6)
    all_of_them = f"known are {', '.join(map(repr, known))}"
    if not close:
        return all_of_them
    return f"did you mean {close[0]!r}?{f' {all_of_them}' if len(known) <= FEW else ''}"


def in_plain_words(said: str) -> str:
    """Return a complaint of msgspec's as a person would say it."""
    names = {" | null": "", "`float`": "a number", "`int`": "a whole number", "`str`": "a text",
             "`bool`": "true or false", "Object missing": "it lacks the",
             "`object`": "a table", "`array`": "a list"}  # fmt: skip
    for name, plain_name in names.items():
        said = said.replace(name, plain_name)
    return said[:1].lower() + said[1:]


def with_line(said: str) -> str:
    """Return a complaint of tomllib's with the line first."""
    found = re.search(r"\(at line (\d+), column \d+\)|\(at (end) of document\)", said)
    if not found:
        return said
    return f"{f'line {found[1]}' if found[1] else 'last line'}: {said[: found.start()].strip()}"


def line_of(text: str, where: tuple[str, ...]) -> int:
    """Return the line in which a key stands, or else that of the table around it; 0 where neither is found."""
    table: tuple[str, ...] = ()
    best = 0
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.fullmatch(r"\s*\[{1,2}\s*(.+?)\s*\]{1,2}\s*(#.*)?", line):
            table = _keys(header[1])
            path = table
        elif assigned := re.match(rf"\s*({KEY}(?:\s*\.\s*{KEY})*)\s*=", line):
            path = (*table, *_keys(assigned[1]))
        else:
            continue
        if path == where or (path == where[:-1] and re.search(rf"\b{re.escape(where[-1])}\b", line.partition("=")[2])):
            return number
        if path and path == where[: len(path)]:
            best = number
    return best


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part[1] or part[2] or part[3] for part in re.finditer(r"([\w-]+)|\"([^\"]*)\"|'([^']*)'", text))
