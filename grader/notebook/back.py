"""Brings what was written in a notebook back into the exercise's file; what is there is kept first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat.reader import NotJSONError

from grader import files
from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.notebook.cells import NESTED, Cell, read_cell
from grader.notebook.pieces import Piece
from grader.notebook.standing import newest, stand
from grader.record import workspace as stubs
from grader.units import MB

LARGEST = 64 * MB
UNCHANGED = "nothing was changed"


@dataclass(frozen=True)
class Brought:
    """What came of it: the steps that were brought, with the cell of each; what is missing; where the old text lies.

    `others` are the exercises of which the notebook has cells as well.
    """

    steps: dict[str, str]
    missing: dict[str, str]
    kept: Path | None
    others: tuple[Exercise, ...]


def bring_back(exercise: Exercise, file: Path) -> Brought:
    """Lay the cells of a notebook over the exercise's file; raise UsageError where that fails; then nothing changed."""
    cells = list(_cells(exercise, file))
    mine = [cell for cell in cells if cell.order is None or cell.order.exercise is exercise]
    if not (steps := newest(exercise, mine)):
        raise UsageError(f"{file} holds no cell of {exercise.name} in which something is written; {UNCHANGED}")
    before = stubs.read(exercise.stub).removeprefix("\ufeff")
    standing = stand(exercise, before if _is_python(before) else stubs.untouched(exercise), mine)
    text = standing.laid.text
    kept = stubs.replace(exercise, text.replace("\n", "\r\n") if "\r\n" in before else text)
    others = {cell.order.exercise for cell in cells if cell.order} - {exercise}
    labels = {step: steps[step].label for step in exercise.steps if step in steps}
    return Brought(labels, standing.missing, kept, tuple(sorted(others, key=lambda each: each.number)))


def _is_python(text: str) -> bool:
    try:
        return bool(ast.parse(text).body)
    except (SyntaxError, ValueError, *NESTED):
        return False


def _cells(exercise: Exercise, file: Path) -> Iterator[Cell]:
    """Yield the cells that hold Python, without steps in which nothing is written."""
    for number, source in enumerate(_sources(file), 1):
        if source is None:
            continue
        try:
            yield _written(read_cell(source, f"cell {number}"))
        except UsageError as error:
            if _is_about(exercise, source):
                raise UsageError(f"{file}, cell {number}: {error}; {UNCHANGED}") from None
        except (SyntaxError, ValueError, *NESTED):
            continue  # a cell of the learner's own that was never run, or is something else


def _is_about(exercise: Exercise, source: str) -> bool:
    words = source.lstrip().partition("\n")[0].split()
    return len(words) > 1 and words[1].removesuffix(".py") in (
        exercise.name, exercise.slug, str(exercise.number), f"{exercise.number:02}"
    )  # fmt: skip


def _written(cell: Cell) -> Cell:
    if cell.order is None:
        return cell
    steps = cell.order.exercise.steps
    return replace(cell, pieces=tuple(each for each in cell.pieces if not (each.name in steps and _is_open(each))))


def _is_open(piece: Piece) -> bool:
    [node] = ast.parse("\n".join(piece.lines)).body
    return isinstance(node, (ast.FunctionDef, ast.ClassDef)) and stubs.is_unwritten(node)


def _sources(file: Path) -> list[str | None]:
    """Return what each cell of a notebook holds, None for one that holds no code."""
    try:
        text = files.read(file, most=LARGEST).decode("utf-8-sig")
        notebook = nbformat.reads(text, as_version=4)
        return [str(cell.source) if cell.cell_type == "code" else None for cell in notebook.cells]
    except FileNotFoundError:
        raise UsageError(f"there is no notebook {file}; {UNCHANGED}") from None
    except files.Unfit as error:
        raise UsageError(f"{file} {error.strerror}; {UNCHANGED}") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}); {UNCHANGED}") from None
    except (NotJSONError, nbformat.ValidationError, UnicodeDecodeError, AttributeError, KeyError, RecursionError):
        raise UsageError(f"{file} is not a notebook; {UNCHANGED}") from None
