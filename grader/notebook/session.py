"""What the magics of one kernel do: grade cells as text, remember the last verdicts, find what a learner asks about."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from grader import files
from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.judging.source import Source
from grader.notebook.cells import Cell, graded_cell, read_history
from grader.notebook.drill import NotebookDrill
from grader.notebook.orders import Order
from grader.notebook.record import NotebookRecord
from grader.notebook.shown import Graded, Said, result
from grader.notebook.standing import Standing, newest, stand
from grader.notebook.warm import WarmJudge
from grader.record.workspace import untouched
from grader.seeds import new_seed
from grader.verdict import Outcome, Verdict

# A cell that ended so takes its time again with every other step's.
STUCK = (Outcome.TIMEOUT, Outcome.CRASHED)

stub = functools.cache(untouched)  # in a checkout, git is asked


class Session:
    """All that is known in one kernel. `inputs` are the texts of the cells that were run, as `In` numbers them."""

    def __init__(self, inputs: Callable[[], Sequence[str]], show: Callable[[str], object]) -> None:
        self._inputs = inputs
        self._show = show
        self._stuck: dict[tuple[str, str], str] = {}  # by exercise and step: the text of the cell
        self._verdicts: dict[str, Verdict] = {}
        self.last: Graded | None = None
        self.judge = WarmJudge()
        self.record = NotebookRecord()
        self.drill = NotebookDrill(self.record.database)

    def close(self) -> None:
        """End all that was started."""
        self.judge.close()
        self.drill.close()
        self.record.close()

    def grade(self, asked: Order, body: str) -> Graded:
        """Return the verdict on the cell that runs now."""
        number = max(len(self._inputs()) - 1, 0)
        cell = graded_cell(asked, body, f"In [{number}]")
        exercise = asked.exercise
        cells = [each for each in self._cells() if each.label != cell.label]
        without = self._stuck_steps(cell, cells)
        standing = stand(exercise, stub(exercise), cells, cell, without)
        seed = new_seed() if asked.seed is None else asked.seed
        verdict = self.judge.grade(exercise, _source(standing, cell.label), asked.device, seed, self._show)
        self.record.progress.record(exercise, [verdict])
        self._remember(verdict, cell)
        warnings = [*_missing(standing), *_left_out(without), self.record.keep()]
        said = Said(
            [each for each in warnings if each],
            list(_brought(standing)),
            list(_together(standing, cell)),
            _after(verdict, asked.step),
        )
        self.last = Graded(standing.in_cells(verdict, cell.label), asked.step, said)
        return self.last

    def text(self, exercise: Exercise) -> str:
        """Return an exercise as it stands in this notebook; raise UsageError where it has no cell of it."""
        standing = stand(exercise, stub(exercise), self._cells())
        if not standing.cells:
            raise UsageError(f"no cell of {exercise.name} was run here")
        return standing.laid.text

    def measured(self, exercise: Exercise, text: str) -> Source:
        """Return a text of this notebook so that it can be graded or measured."""
        return _as_source(text, exercise.name)

    def exercise(self) -> Exercise:
        """Return the exercise that was worked at last; raise UsageError where none was."""
        for cell in reversed(self._cells()):
            if cell.order:
                return cell.order.exercise
        raise UsageError("no exercise was worked at in this notebook yet; name one, such as 05")

    def open_step(self, exercise: Exercise) -> str:
        """Return the step of an exercise that was worked at last, or else the first one that did not pass."""
        if self.last and self.last.step and self.last.verdict.exercise == exercise.name and not self.last.passed:
            return self.last.step
        if verdict := self._verdicts.get(exercise.name):
            return verdict.first_open_step or exercise.steps[0]
        return self.record.progress.open_step(exercise)

    def misconception(self) -> str:
        """Return the misconception that the last verdict named; raise UsageError where it named none."""
        if self.last:
            for step in self.last.verdict.steps:
                if self.last.step in ("", step.name):
                    for check in step.checks:
                        if check.misconception:
                            return check.misconception
        raise UsageError("the last verdict names no misconception; `%explain NAME` explains one that you name")

    def _cells(self) -> list[Cell]:
        return read_history(self._inputs())

    def _remember(self, verdict: Verdict, cell: Cell) -> None:
        self._verdicts[verdict.exercise] = verdict
        for step in cell.steps:
            key = (verdict.exercise, step)
            self._stuck.pop(key, None)
            if result(verdict, step).outcome in STUCK:
                self._stuck[key] = cell.body

    def _stuck_steps(self, cell: Cell, cells: Sequence[Cell]) -> dict[str, str]:
        """Return the steps that are not to be graded once more, each with its cell's label."""
        assert cell.order
        exercise = cell.order.exercise
        used = {name for piece in cell.pieces for name in piece.names.uses} | set(_needed(exercise, cell.steps))
        return {
            step: each.label
            for step, each in newest(exercise, cells).items()
            if self._stuck.get((exercise.name, step)) == each.body and step not in (*cell.steps, *used)
        }


def _needed(exercise: Exercise, steps: Sequence[str]) -> Iterator[str]:
    for step in steps:
        for other in exercise.needs.get(step, ()):
            yield other
            yield from _needed(exercise, [other])


def _source(standing: Standing, name: str) -> Source:
    return _as_source(standing.laid.text, name)


def _as_source(text: str, name: str) -> Source:
    return Source(Path(name), text, files.text_hash(text.encode()))


def _missing(standing: Standing) -> Iterator[str]:
    return (f"`{name}` is missing: it {why}." for name, why in standing.missing.items())


def _brought(standing: Standing) -> Iterator[str]:
    if brought := [f"`{name}` from {label}" for name, label in standing.brought.items()]:
        yield f"Brought along: {', '.join(brought)}."


def _together(standing: Standing, cell: Cell) -> Iterator[str]:
    if others := [each.label for each in standing.cells if each is not cell]:
        yield f"Graded together with the other steps as they stand in {', '.join(others)}."


def _left_out(without: dict[str, str]) -> Iterator[str]:
    for step, label in without.items():
        yield f"`{step}` is left out: {label} did not come to an end. Run that cell again to have it graded."


def _after(verdict: Verdict, step: str) -> str:
    """Return what a learner may want next, as one sentence."""
    if verdict.passed:
        return "All steps pass. `%compare` shows how the solution does it."
    if step and result(verdict, step).outcome is Outcome.PASSED:
        open_steps = [each.name for each in verdict.steps if each.outcome is not Outcome.PASSED]
        names = [each.name for each in verdict.steps]
        following = [each for each in open_steps if names.index(each) > names.index(step)]
        return f"Next: `{(following or open_steps)[0]}`."
    known = any(check.misconception for each in verdict.steps if step in ("", each.name) for check in each.checks)
    return f"`%hint` gives a hint{', `%explain` an example of what was overlooked' if known else ''}."
