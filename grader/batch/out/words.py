"""A misconception in a student's own words: the code of the step in which they met it, read as text."""

from __future__ import annotations

import ast
import textwrap

from grader.judging.overlay import Definition, definitions, first_line, lines

MOST_LINES = 14


def step_code(text: str, step: str) -> str:
    """Return the code of a step without its docstring; empty where it cannot be found."""
    try:
        node = definitions(text).get(step)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: brackets nested without end
        return ""
    if node is None:
        return ""
    code = lines(text)
    kept = [code[number - 1] for number in range(first_line(node), (node.end_lineno or 0) + 1)
            if number not in _docstrings(node)]  # fmt: skip
    cut = ["    …"] if len(kept) > MOST_LINES else []
    return textwrap.dedent("\n".join([*kept[:MOST_LINES], *cut])).expandtabs(4).rstrip()


def _docstrings(node: Definition) -> set[int]:
    """Return the lines of docstrings: they are the exercise's words, not the student's."""
    found: set[int] = set()
    for each in ast.walk(node):
        if isinstance(each, Definition) and ast.get_docstring(each, clean=False) is not None:
            found |= set(range(each.body[0].lineno, (each.body[0].end_lineno or 0) + 1))
    return found
