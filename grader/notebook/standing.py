"""An exercise as it stands in a notebook: the newest cell of each step, with what they need, laid over the stub."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from grader.catalogue.catalogue import Exercise
from grader.notebook.bringing import bring
from grader.notebook.cells import Cell
from grader.notebook.laying import Laid, lay
from grader.notebook.pieces import Kind, Piece, pieces
from grader.verdict import CheckResult, SourceLine, StepResult, Verdict


@dataclass(frozen=True)
class Standing:
    """A module that can be graded; `brought` and `missing` are names, and where they are from, or why they are not.

    `cells` are the cells of steps that are in it.
    """

    laid: Laid
    cells: tuple[Cell, ...]
    brought: dict[str, str]
    missing: dict[str, str]

    def in_cells(self, verdict: Verdict, label: str) -> Verdict:
        """Return a verdict on this module with lines as they are numbered in cells, `label` being the graded one."""
        place = _Place(self.laid, label)
        return replace(verdict, steps=tuple(place.step(step) for step in verdict.steps))


class _Place:
    def __init__(self, laid: Laid, label: str) -> None:
        self._laid = laid
        self._label = label

    def step(self, step: StepResult) -> StepResult:
        checks = tuple(map(self._check, step.checks))
        return replace(step, checks=checks, line=self._laid.origin(step.line).number)

    def _check(self, check: CheckResult) -> CheckResult:
        return replace(check, lines=tuple(map(self._line, check.lines)))

    def _line(self, line: SourceLine) -> SourceLine:
        origin = self._laid.origin(line.number)
        if origin.label in ("", self._label):
            return replace(line, number=origin.number or line.number)
        return replace(line, number=origin.number, text=f"{line.text}  # {origin.label}")


def newest(exercise: Exercise, cells: Iterable[Cell]) -> dict[str, Cell]:
    """Return, for each step of an exercise, the last of the cells that defines it, in the order of the cells."""
    found: dict[str, Cell] = {}
    for cell in cells:
        if cell.order and cell.order.exercise is exercise:
            for step in cell.steps:
                found.pop(step, None)
                found[step] = cell
    return found


def stand(
    exercise: Exercise, base: str, cells: Sequence[Cell], current: Cell | None = None, without: Collection[str] = ()
) -> Standing:
    """Return an exercise as it stands with some cells, in the order in which they were run, laid over `base`.

    `current` is the cell to be graded, and comes last. A cell for a whole exercise needs no other; with the cell for
    a step, those of the other steps are taken along, but for steps that are to be left out (`without`).
    """
    if current:
        is_whole = current.order is not None and not current.order.step
        used = [current] if is_whole else _used(exercise, [*cells, current], without)
    else:
        used = _used(exercise, cells, without)
    own = [piece for cell in used for piece in cell.pieces if piece.kind is not Kind.OTHER]
    last = [piece for piece in current.pieces if piece.kind is Kind.OTHER] if current else []
    library = [piece for cell in cells if not cell.order for piece in cell.pieces]
    found = bring([*own, *last], [name for piece in pieces(base, "") for name in piece.names.binds], library)
    laid = lay(base, exercise.steps, [*found.pieces, *_in_force(own, exercise, used)], last)
    return Standing(laid, tuple(used), found.names, found.missing)


def _used(exercise: Exercise, cells: Sequence[Cell], without: Collection[str]) -> list[Cell]:
    """Return the cells that hold the newest text of a step, in the order of the cells."""
    kept = {id(cell): cell for step, cell in newest(exercise, cells).items() if step not in without}
    return sorted(kept.values(), key=cells.index)


def _in_force(own: Sequence[Piece], exercise: Exercise, used: Sequence[Cell]) -> list[Piece]:
    """Return the pieces without what a newer cell says about the same step."""
    holders = newest(exercise, used)
    return [each for each in own if each.name not in holders or each.label == holders[each.name].label]
