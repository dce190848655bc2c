"""Sets a learner's code beside the solution, step by step. Reads both as text; runs neither."""

from __future__ import annotations

import ast
import difflib
import io
import textwrap
import tokenize
from dataclasses import dataclass
from enum import StrEnum

from grader.catalogue.catalogue import Exercise
from grader.catalogue.mark import require_solutions
from grader.errors import UsageError
from grader.judging.overlay import Definition, definitions, first_line, lines


class Side(StrEnum):
    """Where a line of code stands."""

    BOTH = "both"
    YOURS = "yours"
    SOLUTION = "solution"


@dataclass(frozen=True)
class Comparison:
    """One step: the code of both, without docstrings and comments, and why the solution does it that way."""

    step: str
    yours: str
    solution: str
    why: tuple[str, ...]
    same: bool

    @property
    def lines(self) -> list[tuple[Side, Side, str, str]]:
        """Return rows of (kind of the left line, of the right line, left, right), lines that agree side by side."""
        left, right = lines(self.yours), lines(self.solution)
        rows = []
        here, there = ([line.partition("  #")[0].rstrip() for line in side] for side in (left, right))
        for tag, i, j, k, m in difflib.SequenceMatcher(None, here, there, autojunk=False).get_opcodes():
            height = max(j - i, m - k)
            shown = left[i:j] + [""] * (height - (j - i))
            beside = right[k:m] + [""] * (height - (m - k))
            kinds = (Side.BOTH, Side.BOTH) if tag == "equal" else (Side.YOURS, Side.SOLUTION)
            rows += [(*kinds, a, b) for a, b in zip(shown, beside, strict=True)]
        return rows


def compare(exercise: Exercise, text: str) -> list[Comparison]:
    """Return every step of an exercise, `text` being the learner's file; raise UsageError if it is not Python.

    Raise UsageError also where the workspace was handed out without solutions.
    """
    require_solutions()
    try:
        yours = definitions(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two: nested without end
        raise UsageError(f"{exercise.stub.name} cannot be read as Python: {error}") from None
    solution_text = exercise.solution.read_text(encoding="utf-8")
    solution = definitions(solution_text)
    return [_compared(step, yours.get(step), text, solution[step], solution_text) for step in exercise.steps]


def between(exercise: Exercise, before: str, now: str) -> list[Comparison]:
    """Return every step as it was in an earlier text and as it is now; neither is shown with a reason.

    Raise UsageError where one of the two is not Python.
    """
    try:
        earlier, later = definitions(before), definitions(now)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{exercise.stub.name} cannot be read as Python: {error}") from None
    return [_changed(step, earlier.get(step), before, later.get(step), now) for step in exercise.steps]


def _changed(step: str, earlier: Definition | None, before: str, later: Definition | None, now: str) -> Comparison:
    left, right = (
        _without_comments(without_docstrings(node, text)) if node else ""
        for node, text in ((earlier, before), (later, now))
    )
    return Comparison(step, left, right, (), _plain(left) == _plain(right))


def _compared(step: str, yours: Definition | None, text: str, solution: Definition, solution_text: str) -> Comparison:
    right = without_docstrings(solution, solution_text)
    left = _without_comments(without_docstrings(yours, text)) if yours else ""
    return Comparison(step, left, _without_comments(right), _comments(right), is_the_same(left, right))


def without_docstrings(node: Definition, text: str) -> str:
    """Return the source of a definition with no docstring in it, comments and all."""
    first = first_line(node)
    dropped = {
        number
        for each in ast.walk(node)
        if isinstance(each, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(each, clean=False) is not None
        for number in range(each.body[0].lineno, (each.body[0].end_lineno or 0) + 1)
    }
    kept = [
        line for number, line in enumerate(lines(text)[first - 1 : node.end_lineno], first) if number not in dropped
    ]
    return textwrap.dedent("\n".join(line.rstrip() for line in kept))


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    try:
        return list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):  # what is left of a definition that was a docstring alone
        return []


def _comments(text: str) -> tuple[str, ...]:
    """Return the comments that say something, those that follow each other as one; shapes say too little."""
    found: list[tuple[int, str]] = []
    for token in _tokens(text):
        if token.type == tokenize.COMMENT and not _is_shape(said := token.string.lstrip("# ")):
            follows = found and found[-1][0] == token.start[0] - 1 and not token.line[: token.start[1]].strip()
            before = found.pop()[1] + " " if follows else ""
            found.append((token.start[0], before + said))
    return tuple(said.removeprefix("subtle: ") for _, said in found)


def _is_shape(comment: str) -> bool:
    return comment.startswith(("(", "noqa", "type:", "fmt:")) or not comment


def _without_comments(text: str) -> str:
    kept = lines(text)
    for token in _tokens(text):
        if token.type == tokenize.COMMENT and not _is_shape(token.string.lstrip("# ")):
            row, column = token.start
            kept[row - 1] = kept[row - 1][:column].rstrip() if kept[row - 1][:column].strip() else "\0"
    return "\n".join(line for line in kept if line != "\0")


def is_the_same(code: str, other: str) -> bool:
    """Return whether two texts are the same to Python, however they are laid out and whatever their comments say."""
    return _plain(code) == _plain(other)


def _plain(text: str) -> str:
    """Return what the code means to Python, so that layout and comments do not count as a difference."""
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return text
