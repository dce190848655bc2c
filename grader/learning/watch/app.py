"""The keys of `watch`, and what each of them does."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType

from grader.called import program
from grader.catalogue import catalogue, misconceptions
from grader.catalogue.hints import LEVELS, hints
from grader.catalogue.mark import withheld_by
from grader.errors import GraderError
from grader.judging.source import read_source
from grader.learning import side_by_side as comparison
from grader.learning import taught
from grader.learning.shown import to_comparison, to_learner, to_taught, to_watch
from grader.learning.watch.editing import Editing
from grader.learning.watch.graded import GRADING
from grader.learning.watch.picking import PickExercise
from grader.record import workspace as stubs
from grader.record.progress import Progress


class WatchApp(Editing):
    """The screen of `watch`: grades on every save, shows the verdict, and waits for keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)"), Binding("p", "step(-1)"), Binding("h", "hint"), Binding("e", "explain"),
        Binding("c", "compare"), Binding("t", "taught"), Binding("l", "list"), Binding("r", "reset"),
        Binding("d", "device"), Binding("o", "edit"), Binding("g", "again"), Binding("v", "details"),
        Binding("escape", "verdict"),
        Binding("question_mark", "keys"), Binding("q", "quit"), Binding("ctrl+c", "quit", priority=True),
        Binding("ctrl+z", "suspend_process"),
    ]  # fmt: skip

    def action_keys(self) -> None:
        """Show what each key does."""
        self._show(to_watch.keys())

    def action_step(self, distance: int) -> None:
        """Go to the next exercise, or to the one before."""
        if found := self._neighbour(distance):
            self._open(found)
        else:
            self.bell()

    def action_hint(self) -> None:
        """Show one more hint to the first step that is not passed."""
        if self._verdict and self._verdict.passed:
            self._show(Text("All steps pass: no hints are left to give. c compares, n goes on."))
            return
        exercise = self._exercise
        step = self._verdict.first_open_step if self._verdict else exercise.steps[0]

        def take(progress: Progress) -> tuple[int, bool]:
            taken = progress.hints_taken(exercise, step)
            if taken < LEVELS:
                progress.keep_hint(exercise, step, taken + 1)
            return min(taken + 1, LEVELS), taken < LEVELS

        def show(taken: tuple[int, bool]) -> None:
            shown, new = taken
            texts = hints(exercise).get(step, ())[:shown]
            self._show(to_learner.hint(exercise, step, texts, new=new, by_key=True))

        self._look_up(take, show)

    def action_explain(self) -> None:
        """Explain the first misconception that the verdict names."""
        checks = [check for step in (self._verdict.steps if self._verdict else ()) for check in step.checks]
        name = next((check.misconception for check in checks if check.misconception), None)
        if name is None:
            self._show(Text("No misconception is named here. Esc goes back to the verdict."))
            return
        found = misconceptions.find(name)
        self._look_up(
            lambda progress: progress.meetings().get(name, []),
            lambda met: self._show(to_learner.explanation(found, met)),
        )

    def action_compare(self) -> None:
        """Show the learner's code beside the solution; before it passes, only when asked twice."""
        if not (self._verdict and self._verdict.passed) and self._asked_again != "c":
            self._ask("c", "It has not passed yet. Press c again to see the solution, Esc to go back.")
            return
        self._asked_again = ""
        exercise = self._exercise
        try:
            text = read_source(exercise.stub).text
            shown = to_comparison.comparison(exercise, comparison.compare(exercise, text))
        except GraderError as error:
            self._show(Text(str(error), style="yellow"))
            return
        self._show(shown)
        if self._verdict and self._verdict.passed and not self._is_grading():
            self._measure(shown, self._verdict.seed)

    def action_taught(self) -> None:
        """Show what a passed exercise has taught, right answers of other shapes, and what the learner's costs."""
        if not (self._verdict and self._verdict.passed):
            self._show(Text("Once it has passed, t shows what it taught. Esc goes back to the verdict."))
            return
        exercise = self._exercise
        try:
            ways = taught.ways(exercise, read_source(exercise.stub).text)
        except (GraderError, SyntaxError, ValueError) as error:
            self._show(Text(str(error), style="yellow"))
            return
        shown = to_taught.everything(exercise, taught.lessons(exercise), ways, taught.read_on(exercise))
        self._show(shown)
        if not self._is_grading() and not withheld_by():
            self._measure(shown, self._verdict.seed)

    def _is_grading(self) -> bool:
        return any(each.group == GRADING and not each.is_finished for each in self.workers)

    @work(exclusive=True, group=GRADING, exit_on_error=False)
    async def _measure(self, page: RenderableType, seed: int) -> None:
        """Show below a comparison what both cost, if it is still there by then."""
        exercise = self._exercise
        answer = await self._grading.grade(exercise, exercise.stub, self._device, seed, measure=True)
        if answer.costs and page is self._page:
            self._show(Group(page, to_comparison.costs(*answer.costs)))

    def action_reset(self) -> None:
        """Put the stub back, when asked twice."""
        if self._asked_again != "r":
            self._ask("r", "Reset this exercise? Your text is kept. Press r again to do it.")
            return
        self._asked_again = ""
        try:
            kept = stubs.reset(self._exercise)
        except GraderError as error:
            self._show(Text(str(error), style="yellow"))
            return
        again = f"{program()} reset {self._exercise.number:02} --undo"
        self._note = f"What you wrote is kept: `{again}` brings it back.\n" if kept else ""
        self._show(Text(self._note))

    def _ask(self, key: str, text: str) -> None:
        self._asked_again = key
        self._show(Text(text, style="yellow"))

    def action_device(self) -> None:
        """Go on with the next device of this machine."""
        if len(self._devices) < 2:
            self._show(Text(f"There is only {self._devices[0]} on this machine. Esc goes back to the verdict."))
            return
        where = self._devices.index(self._device) if self._device in self._devices else 0
        self._device = self._devices[(where + 1) % len(self._devices)]
        self._open(self._exercise)

    def action_again(self) -> None:
        """Grade the same text with other random inputs."""
        self._grade()

    def action_list(self) -> None:
        """Let the learner pick an exercise."""
        self._look_up(
            lambda progress: progress.states(catalogue.own(), self._device),
            lambda states: self.push_screen(PickExercise(self._way, states, self._exercise), self._picked),
        )

    def _picked(self, name: str | None) -> None:
        if name is not None and name != self._exercise.name:
            self._open(catalogue.find(name))
