"""A misconception in a student's own words: the code of the step in which they met it, read as text."""

from __future__ import annotations

import ast
import textwrap

from grader.judging.overlay import Definition, definitions, first_line, lines

MOST_LINES = 14


def step_code(text: str, step: str, *, bare: bool = False) -> str:
    """Return the code of a step without its docstring; empty where it cannot be found.

    With `bare`, comments and texts are left out, too: they may say who wrote it.
    """
    try:
        node = definitions(text).get(step)
        if node is None:
            return ""
        shown = ast.unparse(_Bare().visit(node)) if bare else _as_written(text, node)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: brackets nested without end
        return ""
    found = shown.split("\n")
    return "\n".join([*found[:MOST_LINES], *(["    …"] if len(found) > MOST_LINES else [])]).expandtabs(4).rstrip()


def _as_written(text: str, node: Definition) -> str:
    code, left_out = lines(text), _docstrings(node)
    kept = [code[number - 1] for number in range(first_line(node), (node.end_lineno or 0) + 1)
            if number not in left_out]  # fmt: skip
    return textwrap.dedent("\n".join(kept))


class _Bare(ast.NodeTransformer):
    """Puts an ellipsis in the place of texts that are not used: docstrings, and what looks like them."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant):
            return ast.copy_location(ast.Expr(ast.Constant(...)), node)
        return self.generic_visit(node)


def _docstrings(node: Definition) -> set[int]:
    """Return the lines of docstrings: they are the exercise's words, not the student's."""
    found: set[int] = set()
    for each in ast.walk(node):
        if isinstance(each, Definition) and ast.get_docstring(each, clean=False) is not None:
            found |= set(range(each.body[0].lineno, (each.body[0].end_lineno or 0) + 1))
    return found
