"""Lays the statements of cells over a stub, as if somebody had typed them there, and knows where each line is from."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.judging.overlay import definitions, first_line, lines
from grader.notebook.pieces import Kind, Piece


@dataclass(frozen=True)
class Line:
    """A line, and where it is from: a cell and the number there; of the stub if `label` is empty."""

    text: str
    label: str = ""
    number: int = 0


@dataclass(frozen=True)
class Laid:
    """A module made of a stub and of cells."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The module as text."""
        return "\n".join(line.text for line in self.lines) + "\n"

    def origin(self, number: int) -> Line:
        """Return the line with this number, counted from 1."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else Line("")


def lay(base: str, steps: Sequence[str], placed: Sequence[Piece], last: Sequence[Piece] = ()) -> Laid:
    """Return `base` with pieces laid over it.

    A definition takes the place of its namesake; imports follow the other imports; everything else comes before the
    first step, or after what it needs; and `last` at the end. What `base` says already is not said twice.
    """
    return Laid(tuple(_Module(base, steps).laid(placed, last)))


class _Module:
    def __init__(self, base: str, steps: Sequence[str]) -> None:
        self._lines = lines(base)
        self._body = ast.parse(base).body
        self._meanings = {ast.dump(node) for node in self._body}
        self._definitions = definitions(base)
        starts = [first_line(self._definitions[step]) for step in steps if step in self._definitions]
        self._start = min(starts, default=len(self._lines) + 1) - 1  # lines before the first step

    def laid(self, placed: Sequence[Piece], last: Sequence[Piece]) -> Iterator[Line]:
        """Yield the lines of the whole."""
        newest = {each.name: each for each in placed if each.name}
        wanted = [each for each in placed if not each.name or newest[each.name] is each]
        replaced = {first_line(self._definitions[name]): name for name in newest if name in self._definitions}
        inserted: dict[int, list[Piece]] = {}
        for each in wanted:
            if each.name not in self._definitions and each.meaning not in self._meanings:
                inserted.setdefault(self._place(each), []).append(each)
        skipped_to = 0
        yield from _block(inserted.get(0, []))
        for number, line in enumerate(self._lines, 1):
            if number in replaced:
                node = self._definitions[replaced[number]]
                yield from _lines(newest[node.name])
                skipped_to = node.end_lineno or 0
            elif number > skipped_to:
                yield Line(line)
            yield from _block(inserted.get(number, []))
        for each in last:
            if each.meaning not in self._meanings:
                yield from (Line(""), *_lines(each))

    def _place(self, piece: Piece) -> int:
        """Return after which line of the base a piece comes."""
        if piece.kind is Kind.FUTURE:
            return self._end(lambda node: isinstance(node, ast.Expr) and node is self._body[0])
        if piece.kind is Kind.IMPORT:
            return self._end(lambda node: isinstance(node, (ast.Import, ast.ImportFrom)))
        needed = piece.names.now
        after = [
            node.end_lineno or 0 for node in self._definitions.values() if node.name in needed
        ]  # what runs at once needs them to be there
        return max([self._start, *after])

    def _end(self, fits: Callable[[ast.stmt], bool]) -> int:
        found = [node.end_lineno or 0 for node in self._body if fits(node) and (node.end_lineno or 0) <= self._start]
        return max(found, default=0)


def _lines(piece: Piece) -> Iterator[Line]:
    return (Line(text, piece.label, number) for number, text in enumerate(piece.lines, piece.number))


def _block(found: Sequence[Piece]) -> Iterator[Line]:
    """Yield pieces that belong nowhere else, apart from what stands around them as Python's style guide has it."""
    for each in found:
        yield from _lines(each)
        if each.kind is not Kind.IMPORT and each.kind is not Kind.FUTURE:
            yield from (Line(""), Line(""))
