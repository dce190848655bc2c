"""Lays an answer that holds only what differs over a solution, as if somebody had edited that file."""

from __future__ import annotations

import ast

Definition = ast.FunctionDef | ast.ClassDef


def lines(text: str) -> list[str]:
    """Return the lines of a text as Python counts them: a form feed, say, ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def definitions(text: str) -> dict[str, Definition]:
    """Return the functions and classes at the top level of a module, by name."""
    return {node.name: node for node in ast.parse(text).body if isinstance(node, Definition)}


def lay_over(solution: str, answer: str) -> str:
    """Return `solution` with each definition of `answer` in place of its namesake; the rest of it comes first."""
    merged = lines(solution)
    replaced = definitions(answer)
    for name, node in reversed(definitions(solution).items()):
        if name in replaced:
            merged[first_line(node) - 1 : node.end_lineno] = _text(answer, replaced.pop(name))
    # subtle: the docstring of a module must stay its first statement
    head = next((node.end_lineno or 0 for node in ast.parse(solution).body[:1] if _is_docstring(node)), 0)
    return (
        "\n".join([*merged[:head], *_others(answer, set(definitions(answer)) - set(replaced)), *merged[head:]]) + "\n"
    )


def first_line(node: ast.stmt) -> int:
    """Return where a statement begins, which may be its first decorator."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _text(source: str, node: Definition) -> list[str]:
    return lines(source)[first_line(node) - 1 : node.end_lineno]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _others(answer: str, placed: set[str]) -> list[str]:
    """Return the answer's text without the definitions that took another's place: its comments and imports."""
    kept: list[str | None] = [*lines(answer)]
    for name, node in definitions(answer).items():
        if name in placed:
            kept[first_line(node) - 1 : node.end_lineno] = [None] * ((node.end_lineno or 0) - first_line(node) + 1)
    return [line for line in kept if line is not None]
