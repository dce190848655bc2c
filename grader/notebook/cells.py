"""What a cell is: a step, a whole exercise, or a cell of the learner's own; read as text, by its first line."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.errors import UsageError
from grader.harmless import one_line
from grader.judging.overlay import lines
from grader.notebook.orders import Order, order
from grader.notebook.pieces import Piece, pieces
from grader.units import MB, size

MAGIC = re.compile(r"%%(step|kata)\b[ \t]*(.*)")
# Other magics whose cells hold what runs in the kernel, like any other cell.
PYTHON_MAGICS = ("%%time", "%%capture", "%%prun", "%%timeit", "%%python3", "%%debug")
IPYTHON = re.compile(r"\s*(?:[\w.,\s\[\]]+=\s*)?[!%?]|.*\?\s*$")
MOST = MB
NESTED = (RecursionError, MemoryError)  # what deep brackets do to a parser


@dataclass(frozen=True)
class Cell:
    """A cell, `order` being what it asks for, None where it is one of the learner's own."""

    label: str
    order: Order | None
    body: str
    pieces: tuple[Piece, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that it defines."""
        defined = {each.name for each in self.pieces}
        return tuple(step for step in self.order.exercise.steps if step in defined) if self.order else ()


def graded_cell(asked: Order, body: str, label: str) -> Cell:
    """Return a cell that is to be graded; raise UsageError, in one line, for what cannot be."""
    _refuse_what_is_no_text(body)
    for number, line in enumerate(lines(body), 2):
        if MAGIC.match(line):
            raise UsageError(
                f"line {number} of this cell begins another, `{one_line(line)}`; give it a cell of its own"
            )
    cell = Cell(label, asked, body, tuple(_pieces_or_refuse(body, label)))
    defined = {each.name for each in cell.pieces} - {""}
    if asked.step and asked.step not in defined:
        instead = f" (it defines {', '.join(sorted(defined))})" if defined else ""
        raise UsageError(f"this cell does not define `{asked.step}`{instead}")
    if not cell.steps:
        raise UsageError(f"this cell defines no step of {asked.exercise.name}: {', '.join(asked.exercise.steps)}")
    return cell


def _refuse_what_is_no_text(body: str) -> None:
    try:
        length = len(body.encode())
    except UnicodeEncodeError:
        raise UsageError("this cell holds half of a character, which no file can hold") from None
    if length > MOST:
        raise UsageError(f"this cell holds more than {size(MOST)}, which is too much")


def _pieces_or_refuse(body: str, label: str) -> list[Piece]:
    try:
        return quietly_pieces(body, label)
    except SyntaxError as error:
        raise UsageError(_why_not_python(body, error)) from None
    except (ValueError, *NESTED) as error:
        raise UsageError(
            f"this cell is not Python: {one_line(str(error)) or 'its brackets are nested too deep'}"
        ) from None


def quietly_pieces(body: str, label: str) -> list[Piece]:
    """Return the statements of a cell below its first line, without warnings of escapes and the like."""
    with warnings.catch_warnings(action="ignore"):
        return pieces(body, label, before=1)


def _why_not_python(body: str, error: SyntaxError) -> str:
    text = lines(body)
    for number, line in enumerate(text, 2):
        if IPYTHON.match(line) and not _is_python("\n".join(text[: number - 1])):
            said = f"line {number} of this cell is IPython's, `{one_line(line.strip())}`"
            return f"{said}, and no Python file can hold it; move it to a cell of its own"
    at = (error.lineno or 1) + 1
    shown = f": `{one_line(error.text.strip())}`" if error.text and error.text.strip() else ""
    return f"this cell is not Python; line {at}: {error.msg}{shown}"


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, *NESTED):
        return False
    return True


def read_history(inputs: Sequence[str]) -> list[Cell]:
    """Return the cells that were run, in that order, from their text; what cannot be read is passed over.

    `inputs` are numbered from 0, and the first is empty, as `In` has them.
    """
    return list(_readable((f"In [{number}]", text) for number, text in enumerate(inputs) if text.strip()))


def _readable(cells: Iterator[tuple[str, str]]) -> Iterator[Cell]:
    for label, text in cells:
        try:
            yield read_cell(text, label)
        except (UsageError, SyntaxError, ValueError, *NESTED):
            continue


def read_cell(text: str, label: str) -> Cell:
    """Return a cell from all of its text; raise UsageError or SyntaxError where it cannot be read."""
    first, _, body = text.lstrip("\r\n").replace("\r\n", "\n").partition("\n")
    if found := MAGIC.fullmatch(first.rstrip()):
        return graded_cell(order(found[1], found[2]), body, label)
    if first.startswith("%%"):
        if not first.startswith(PYTHON_MAGICS):
            return Cell(label, None, "", ())
        return Cell(label, None, body, tuple(quietly_pieces(as_python(body), label)))
    with warnings.catch_warnings(action="ignore"):
        return Cell(label, None, text, tuple(pieces(as_python(text), label)))


def as_python(text: str) -> str:
    """Return a cell as IPython would run it: its own commands become calls of functions, line by line."""
    if _is_python(text):
        return text
    from IPython.core.inputtransformer2 import TransformerManager

    manager = TransformerManager()
    return manager.transform_cell(text)
