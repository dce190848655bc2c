"""Lays an answer that holds only what differs over a solution, as if somebody had edited that file."""

from __future__ import annotations

import ast

Definition = ast.FunctionDef | ast.ClassDef


def definitions(text: str) -> dict[str, Definition]:
    """Return the functions and classes at the top level of a module, by name."""
    return {node.name: node for node in ast.parse(text).body if isinstance(node, Definition)}


def lay_over(solution: str, answer: str) -> str:
    """Return `solution` with each definition of `answer` in place of its namesake; the rest of it comes first."""
    lines = solution.splitlines()
    replaced = definitions(answer)
    for name, node in reversed(definitions(solution).items()):
        if name in replaced:
            lines[_first_line(node) - 1 : node.end_lineno] = _text(answer, replaced.pop(name)).splitlines()
    # subtle: the docstring of a module must stay its first statement
    head = next((node.end_lineno or 0 for node in ast.parse(solution).body[:1] if _is_docstring(node)), 0)
    return "\n".join([*lines[:head], *_others(answer, set(definitions(answer)) - set(replaced)), *lines[head:]]) + "\n"


def _first_line(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _text(source: str, node: Definition) -> str:
    return "\n".join(source.splitlines()[_first_line(node) - 1 : node.end_lineno])


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _others(answer: str, placed: set[str]) -> list[str]:
    """Return the answer's text without the definitions that took another's place: its comments and imports."""
    lines: list[str | None] = list(answer.splitlines())
    for name, node in definitions(answer).items():
        if name in placed:
            lines[_first_line(node) - 1 : node.end_lineno] = [None] * ((node.end_lineno or 0) - _first_line(node) + 1)
    return [line for line in lines if line is not None]
