"""The screen of `watch`: grades on every save, shows the verdict, and waits for keys."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import ClassVar, TypeVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from grader.called import program
from grader.catalogue import catalogue, misconceptions
from grader.catalogue.catalogue import Exercise
from grader.catalogue.hints import LEVELS, hints
from grader.errors import GraderError, debugging, traced
from grader.exit_code import ExitCode
from grader.judging.source import read_source
from grader.learning import side_by_side as comparison
from grader.learning.changes import Change, changes
from grader.learning.shown import to_comparison, to_learner, to_watch
from grader.learning.watch.grading import Answer, GradingProcess
from grader.learning.watch.picking import PickExercise
from grader.learning.watch.saves import saves
from grader.record import workspace as stubs
from grader.record.progress import Progress, file_hash, unfinished
from grader.seeds import new_seed
from grader.verdict import Verdict

TERMINAL_SECONDS = 2.0  # how often to see whether the terminal is still there
LEAVING_SECONDS = 5.0  # far more than it takes to leave
CLOSED = 128 + 1  # what a shell makes of SIGHUP
FOOT = "h hint  e explain  c compare  n next  p previous  l list  o edit  ? more  q quit"
GRADING, FOLLOWING, LOOKING_UP = "grading", "following", "looking up"  # of each, one worker at a time

Found = TypeVar("Found")


class WatchApp(App[None]):
    """Grades one exercise at a time; `device` is where it begins, `poll` for file systems without events.

    What may wait (for a verdict, for the learner's record) does so in a worker, so that every key is heard at once.
    """

    CSS = """
    #head, #foot { height: 1; }
    #foot { text-style: dim; }
    #complaint { height: auto; max-height: 3; display: none; }
    #body { scrollbar-size-vertical: 1; }
    #shown { height: auto; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "step(1)"), Binding("p", "step(-1)"), Binding("h", "hint"), Binding("e", "explain"),
        Binding("c", "compare"), Binding("l", "list"), Binding("r", "reset"), Binding("d", "device"),
        Binding("o", "edit"), Binding("g", "again"), Binding("escape", "verdict"), Binding("question_mark", "keys"),
        Binding("q", "quit"), Binding("ctrl+c", "quit", priority=True), Binding("ctrl+z", "suspend_process"),
    ]  # fmt: skip

    def __init__(
        self, exercise: Exercise, device: str, grading: GradingProcess, *, poll: bool, complaint: str = ""
    ) -> None:
        super().__init__(ansi_color=True)
        self._exercise = exercise
        self._device = device
        self._devices: tuple[str, ...] = (device,)
        self._poll = poll
        self._grading = grading
        self._complaint = complaint  # about the learner's record, or the grader itself
        self._graded = ""  # hash of what the verdict on the screen is about
        self._verdict: Verdict | None = None
        self._changed: list[Change] = []
        self._instead = ""  # stands in the place of a verdict that could not be had
        self._note = ""  # stands above the verdict until the next save
        self._asked_again = ""  # the key that waits for a second press
        # Held here, since a worker may end when the screen has them no more.
        self._top, self._shown, self._bottom = Static(id="head"), Static(id="shown"), Static(id="complaint")
        self._body = VerticalScroll(id="body")
        self._page: RenderableType = ""
        self.fault: Exception | None = None  # what ended it, where the learner did not
        self.traces = ""  # of what did not end it

    # ---- the screen ----

    def compose(self) -> ComposeResult:
        """Lay out one line above, one below, and all the rest between them."""
        yield self._top
        with self._body:
            yield self._shown
        yield self._bottom
        yield Static(FOOT, id="foot")

    def on_mount(self) -> None:
        """Begin to load torch, to watch and to grade."""
        self.theme = "ansi-dark"
        if sys.platform != "win32":  # there, closing the terminal ends whoever runs in it
            for number, leave in ((signal.SIGTERM, self.exit), (signal.SIGHUP, self._leave_closed_terminal)):
                asyncio.get_running_loop().add_signal_handler(number, leave)
        # After Ctrl-Z and `fg` the terminal is empty, and Textual draws only what changes.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self._body.focus()
        if not self.is_headless:
            self.set_interval(TERMINAL_SECONDS, self._leave_without_terminal)
        self._complain(self._complaint)
        self._open(self._exercise)

    def _leave_without_terminal(self) -> None:
        """Leave where the terminal was closed and nobody was told."""
        if not _has_terminal():
            self._leave_closed_terminal()

    def _leave_closed_terminal(self) -> None:
        """Leave; outright where what waits to be written to that terminal would hold up the end for ever."""
        outright = threading.Timer(LEAVING_SECONDS, os._exit, (CLOSED,))
        outright.daemon = True
        outright.start()
        self.exit()

    def _head(self, doing: str) -> None:
        text = Text.assemble(
            (f"{self._exercise.number:02} {self._exercise.title}", "bold"), f"  {doing}",
            (f"  {self._device}  exercises/{self._exercise.stub.name}", "dim"), no_wrap=True, overflow="ellipsis",
        )  # fmt: skip
        self._top.update(text)

    def _show(self, shown: RenderableType) -> None:
        self._page = shown
        self._shown.update(shown)
        self._body.scroll_home(animate=False)

    def _complain(self, text: str) -> None:
        """Say above the keys what is amiss, below whatever is shown; say nothing where nothing is."""
        self._bottom.update(Text(text, style="yellow"))
        self._bottom.display = bool(text)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what went wrong behind the screen, and go on."""
        if event.state is WorkerState.ERROR and event.worker.error:
            self.traces += traced(event.worker.error)
            self._complain(f"a fault of the grader, not of your code: {event.worker.error}")

    def _handle_exception(self, error: Exception) -> None:
        """Leave with what went wrong on the screen itself; not Textual tells it, but whoever tells for all commands."""
        self.fault = self.fault or error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def action_verdict(self) -> None:
        """Show the verdict, or what stands in its place."""
        self._asked_again = ""
        if self._instead:
            self._show(Text(self._instead, style="yellow"))
        elif self._verdict:
            shown = to_watch.verdict(self._verdict, self._changed, self._neighbour(1))
            self._show(Group(Text(self._note, style="yellow"), shown) if self._note else shown)
        else:
            self._show(Text("Grading for the first time: torch is loading.", style="dim"))

    def action_keys(self) -> None:
        """Show what each key does."""
        self._show(to_watch.keys())

    # ---- grading ----

    def _open(self, exercise: Exercise) -> None:
        """Turn to an exercise: watch its file, grade it."""
        self._exercise, self._verdict, self._changed = exercise, None, []
        self._instead = self._note = self._graded = ""
        self.action_verdict()
        self._follow()
        self._grade()

    @work(exclusive=True, group=FOLLOWING, exit_on_error=False)
    async def _follow(self) -> None:
        """Grade the exercise after every save, for as long as it is on the screen."""
        exercise = self._exercise
        async with aclosing(saves(exercise.stub, poll=self._poll)) as found:
            async for _ in found:
                if self._is_new():
                    self._note = self._note if stubs.is_untouched(exercise, stubs.read(exercise.stub)) else ""
                    self._grade()

    def _is_new(self) -> bool:
        """Whether the file holds something else than what was graded last, or is gone."""
        return file_hash(self._exercise.stub) != self._graded

    @work(exclusive=True, group=GRADING, exit_on_error=False)
    async def _grade(self) -> None:
        """Grade what is in the file and show what came of it; once more where it was saved meanwhile."""
        exercise = self._exercise
        while True:
            self._graded = file_hash(exercise.stub)
            self._head("grading …")
            self._take(await self._grading.grade(exercise, exercise.stub, self._device, new_seed()))
            if not self._is_new():  # the event of a save may have been taken for an older one's
                return

    def _take(self, answer: Answer) -> None:
        """Show an answer, and keep its verdict."""
        self._instead, self._devices = answer.complaint, answer.devices
        if answer.verdict:
            self._changed = changes(self._verdict, answer.verdict)
            self._verdict = answer.verdict
            self._keep(self._exercise, answer.verdict)
        self.action_verdict()
        self._head(_when(answer.verdict))

    @work(exit_on_error=False)
    async def _keep(self, exercise: Exercise, verdict: Verdict) -> None:
        """Keep an attempt in the learner's record."""
        await self._recorded(lambda progress: progress.record(exercise, [verdict]))

    async def _recorded(self, ask: Callable[[Progress], Found]) -> Found:
        """Ask the learner's record for something, in a thread since that may wait; say what is amiss with it."""
        progress = Progress()
        found = await asyncio.to_thread(ask, progress)
        self._complain(progress.complaint)
        return found

    @work(exclusive=True, group=LOOKING_UP, exit_on_error=False)
    async def _look_up(self, ask: Callable[[Progress], Found], show: Callable[[Found], None]) -> None:
        """Show what the learner's record answers, unless another page was turned to meanwhile."""
        page = self._page
        found = await self._recorded(ask)
        if page is self._page:
            show(found)

    # ---- keys ----

    def _neighbour(self, distance: int) -> Exercise | None:
        everything = catalogue.own()
        index = everything.index(self._exercise) + distance
        return everything[index] if 0 <= index < len(everything) else None

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
            lambda states: self.push_screen(PickExercise(states, self._exercise), self._picked),
        )

    def _picked(self, name: str | None) -> None:
        if name is not None and name != self._exercise.name:
            self._open(catalogue.find(name))

    def action_edit(self) -> None:
        """Open the exercise in the learner's editor, in this terminal."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            with self.suspend():
                subprocess.run([*shlex.split(editor), str(self._exercise.stub)], check=False)
        except (OSError, ValueError) as error:
            self._show(Text(f"{editor!r} cannot be started ({error}); set EDITOR to your editor.", style="yellow"))

    async def on_unmount(self) -> None:
        """Leave nothing running."""
        await self._grading.close()


def next_exercise(progress: Progress, device: str) -> Exercise:
    """Return the first exercise that is not passed; after all of them the last."""
    left = unfinished(progress.states(catalogue.own(), device))
    return left[0] if left else catalogue.own()[-1]


def _when(verdict: Verdict | None) -> str:
    now = time.strftime("%H:%M:%S")
    return f"{now} in {verdict.seconds:.2f} s" if verdict else now


def run(exercise: Exercise, grading: GradingProcess, device: str, *, poll: bool, complaint: str) -> None:
    """Show the screen until the learner leaves, or the terminal does; `complaint` is what is amiss already."""
    for name in ("COLUMNS", "LINES"):  # as some programs export them; they would hold after a resize too
        os.environ.pop(name, None)
    app = WatchApp(exercise, device, grading, poll=poll, complaint=complaint)
    try:
        app.run()
    finally:
        if not _has_terminal():
            # subtle: Textual's thread for input reads the end of a closed terminal for ever, and would keep us here
            os._exit(ExitCode.INTERRUPTED)
    if debugging():
        sys.stderr.write(app.traces + grading.said)
    if app.fault:
        raise app.fault


def _has_terminal() -> bool:
    if sys.platform == "win32":
        return sys.stdin.isatty()
    import termios

    try:
        termios.tcgetattr(0)
    except termios.error:
        return False
    return True
