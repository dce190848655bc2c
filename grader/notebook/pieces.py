"""The statements of a cell, as text: what each binds and uses, and whether it can be brought to another place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from grader.judging.overlay import first_line, lines
from grader.notebook.names import Names, names_of


class Kind(Enum):
    """What a statement is good for elsewhere."""

    DEFINITION = auto()
    IMPORT = auto()
    FUTURE = auto()
    ASSIGNMENT = auto()
    BRANCH = auto()
    OTHER = auto()


KINDS: dict[str, Kind] = {
    "FunctionDef": Kind.DEFINITION, "AsyncFunctionDef": Kind.DEFINITION, "ClassDef": Kind.DEFINITION,
    "Import": Kind.IMPORT, "ImportFrom": Kind.IMPORT, "If": Kind.BRANCH, "Try": Kind.BRANCH,
    "Assign": Kind.ASSIGNMENT, "AnnAssign": Kind.ASSIGNMENT, "AugAssign": Kind.ASSIGNMENT,
    "TypeAlias": Kind.ASSIGNMENT,
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A statement at the top of a cell: the line of the cell at which it begins, counted from 1, and its text.

    `label` names the cell, such as "In [3]". `meaning` is the same for two pieces that mean the same to Python.
    """

    label: str
    number: int
    lines: tuple[str, ...]
    kind: Kind
    names: Names
    meaning: str

    @property
    def name(self) -> str:
        """What a definition defines; empty for anything else."""
        return next(iter(self.names.binds), "") if self.kind is Kind.DEFINITION else ""


def pieces(code: str, label: str, before: int = 0) -> list[Piece]:
    """Return the statements of a text in order, `before` being the lines of its cell above it.

    A docstring is left out. Raise SyntaxError, or ValueError, for what is not Python.
    """
    body = ast.parse(code).body
    if body and _is_text(body[0]):
        body = body[1:]
    text = lines(code)
    found, last = [], 0
    for group in _by_line(body):
        found.append(_piece(group, text, label, before, last))
        last = group[-1].end_lineno or 0
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _by_line(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Yield the statements, together those that share a line."""
    group: list[ast.stmt] = []
    for node in body:
        if group and first_line(node) > (group[-1].end_lineno or 0):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _piece(group: list[ast.stmt], text: list[str], label: str, before: int, taken: int) -> Piece:
    first, last = first_line(group[0]), group[-1].end_lineno or 0
    while first - 1 > taken and text[first - 2].startswith("#"):
        first -= 1  # a comment belongs to what it stands above
    own = tuple(text[first - 1 : last])
    meaning = "\n".join(map(ast.dump, group))
    return Piece(label, first + before, own, _kind(group), names_of("\n".join(own)), meaning)


def _kind(group: list[ast.stmt]) -> Kind:
    node = group[0]
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return Kind.FUTURE
    if len(group) > 1:
        return Kind.ASSIGNMENT if all(type(each).__name__ in KINDS for each in group) else Kind.OTHER
    return KINDS.get(type(node).__name__, Kind.OTHER)
