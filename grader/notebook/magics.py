"""The magics: `%%step`, `%%kata`, `%hint`, `%explain`, `%compare`, `%drill`, `%katas`. Each error is one line."""

from __future__ import annotations

import atexit
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from IPython.core import error as ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import clear_output

from grader.called import keep
from grader.catalogue import catalogue, misconceptions, places
from grader.catalogue.catalogue import Exercise, find_step
from grader.catalogue.hints import LEVELS, hints
from grader.errors import GraderError, UsageError, debugging
from grader.harmless import one_line
from grader.learning.replay import replay
from grader.learning.side_by_side import compare
from grader.notebook import told
from grader.notebook.orders import exercise_of, order, parsed, parser
from grader.notebook.session import Session
from grader.notebook.shown import Graded, Shown
from grader.seeds import new_seed

Result = TypeVar("Result", bound=Shown)
Magic = Callable[..., Result]
ATTRIBUTE = "_katas"


def one_line_errors(magic: Magic[Result]) -> Magic[Result]:
    """Let a magic complain in one line: IPython shows the text alone of this one of its errors."""

    @functools.wraps(magic)
    def told_in_one_line(*arguments: str) -> Result:
        try:
            return magic(*arguments)
        except UsageError as error:
            said = str(error)
        except KeyboardInterrupt:
            said = "interrupted"
        except Exception as error:
            if debugging():
                raise
            text = str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
            said = f"a fault of the grader, not of your code: {text}"
        raise ipython.UsageError(one_line(said)) from None

    return told_in_one_line


class Progressing:
    """Says in the cell's output how far something is, and takes that away again."""

    def __init__(self) -> None:
        self._shows = False

    def __call__(self, text: str) -> None:
        """Say it in place of what was said before."""
        self._shows = True
        print(f"\r{text:60}", end="", flush=True)

    def clear(self) -> None:
        """Take it away as soon as something else is shown."""
        if self._shows:
            clear_output(wait=True)
        self._shows = False


@magics_class
class KatasMagics(Magics):
    """The magics of one kernel."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._kernel = shell
        self._progress = Progressing()
        self.session = Session(self._inputs, self._progress)

    def _inputs(self) -> list[str]:
        """Return the texts of the cells that were run, as they were typed, the one that runs now being the last."""
        history = self._kernel.history_manager
        return list(history.input_hist_raw) if history else []

    @cell_magic
    @one_line_errors
    def step(self, line: str, cell: str) -> Graded:
        """Grade this cell as one step of an exercise: `%%step 05 build_four`."""
        return self._grade("step", line, cell)

    @cell_magic
    @one_line_errors
    def kata(self, line: str, cell: str) -> Graded:
        """Grade this cell as a whole exercise: `%%kata 05`."""
        return self._grade("kata", line, cell)

    def _grade(self, magic: str, line: str, cell: str) -> Graded:
        asked = order(magic, line)
        try:
            graded = self.session.grade(asked, cell)
        finally:
            self._progress.clear()
        if asked.define:  # the learner's own word, as if the first line were not there
            self._kernel.run_cell(cell, store_history=False)
        return graded

    @line_magic
    @one_line_errors
    def hint(self, line: str) -> Shown:
        """Give one more hint: `%hint`, or `%hint 05 build_four`; with `--again`, those that you have had."""
        reader = parser("%hint", "%hint [05] [build_four] [--again]")
        reader.add_argument("exercise", nargs="?")
        reader.add_argument("step", nargs="?")
        reader.add_argument("--again", action="store_true")
        asked = parsed(reader, line)
        exercise, progress = self._exercise(asked.exercise), self.session.record.progress
        step = find_step(exercise, asked.step) if asked.step else self.session.open_step(exercise)
        taken = progress.hints_taken(exercise, step)
        shown = taken if asked.again else min(taken + 1, LEVELS)
        if not shown:
            raise UsageError(f"you have had no hint for `{step}` yet; leave out --again to get the first")
        progress.keep_hint(exercise, step, shown)
        self._complain(self.session.record.keep())
        return told.hint(exercise, step, hints(exercise).get(step, ())[:shown])

    @line_magic
    @one_line_errors
    def explain(self, line: str) -> Shown:
        """Explain the misconception that the last verdict named, or the one named here; `--run` runs its example."""
        reader = parser("%explain", "%explain [NAME] [--run]")
        reader.add_argument("misconception", nargs="?")
        reader.add_argument("--run", action="store_true")
        asked = parsed(reader, line)
        found = misconceptions.find(asked.misconception or self.session.misconception())
        if asked.run:
            replay(found.example)  # a text of ours, which the learner asks for
        return told.explanation(found)

    @line_magic
    @one_line_errors
    def compare(self, line: str) -> Shown:
        """Show your code beside the solution, once it has passed: `%compare`, or `%compare 05`; or with `--spoil`."""
        reader = parser("%compare", "%compare [05] [--spoil]")
        reader.add_argument("exercise", nargs="?")
        reader.add_argument("--spoil", action="store_true")
        asked = parsed(reader, line)
        exercise = self._exercise(asked.exercise)
        text = self.session.text(exercise)
        has_passed = self.session.record.progress.best().get(exercise.name) == len(exercise.steps)
        if not (has_passed or asked.spoil):
            raise UsageError(f"{exercise.name} has not passed, so the solution stays hidden; --spoil shows it anyway")
        compared = compare(exercise, text)
        if not has_passed:
            return told.comparison(exercise, compared)
        try:
            source = self.session.measured(exercise, text)
            return told.comparison(
                exercise, compared, self.session.judge.measure(exercise, source, new_seed(), self._progress)
            )
        finally:
            self._progress.clear()

    @line_magic
    @one_line_errors
    def drill(self, line: str) -> Shown:
        """Ask what is printed next in a session about something that you met or passed: `%drill`; `%answer` answers."""
        return self.session.drill.begin(line)

    @no_var_expand  # braces are a part of the answer
    @line_magic
    @one_line_errors
    def answer(self, line: str) -> Shown:
        """Answer the question of `%drill` and show the next one: `%answer tensor(3.)`, or `%answer --give-up`."""
        shown = self.session.drill.answer(line)
        self._complain(self.session.record.keep())
        return shown

    @line_magic
    @one_line_errors
    def katas(self, line: str) -> Shown:
        """Show where you stand; `%katas --keep FILE` keeps your progress in that file, too."""
        reader = parser("%katas", "%katas [--keep FILE]")
        reader.add_argument("--keep", type=Path, metavar="FILE")
        asked, record = parsed(reader, line), self.session.record
        if asked.keep:
            record.keep_in(asked.keep)
        shown = catalogue.own() if places.find_workspace() else catalogue.exercises()
        best = record.progress.best()
        self._complain(record.progress.complaint)
        return told.overview(shown, best, str(record.place))

    def _exercise(self, name: str | None) -> Exercise:
        return exercise_of(name) if name else self.session.exercise()

    def _complain(self, text: str) -> None:
        if text:
            print(one_line(text))


def load(shell: InteractiveShell) -> None:
    """Register the magics, and let torch begin to load in a process of its own."""
    keep("katas")
    magics = KatasMagics(shell)
    shell.register_magics(magics)
    setattr(shell, ATTRIBUTE, magics)
    atexit.register(magics.session.close)
    magics.session.judge.begin()
    if complaint := magics.session.record.keep():
        print(one_line(complaint))


def unload(shell: InteractiveShell) -> None:
    """End what was begun, as `%reload_ext` asks for."""
    magics: Any = getattr(shell, ATTRIBUTE, None)
    if magics:
        atexit.unregister(magics.session.close)
        magics.session.close()
        delattr(shell, ATTRIBUTE)
