"""The exercise on the screen of `watch`: graded after every save, its verdict shown and kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing

from rich.console import Group
from rich.text import Text
from textual import work

from grader.catalogue.catalogue import Exercise
from grader.learning.changes import Change, changes
from grader.learning.shown import to_watch
from grader.learning.taught import lessons
from grader.learning.troubles import line_to_mend, line_to_write
from grader.learning.watch.grading import Answer, GradingProcess
from grader.learning.watch.page import Page
from grader.learning.watch.saves import saves
from grader.record import workspace as stubs
from grader.record.progress import file_hash
from grader.reports.links import BOLD, DIM, to_file
from grader.seeds import new_seed
from grader.verdict import Verdict

GRADING, FOLLOWING = "grading", "following"  # of each, one worker at a time
SILENT = (
    "The file on disk is newer than what was graded, and no event told of it (as on network shares, and on Windows "
    "drives in WSL): from now on, watch looks for saves itself."
)


class Graded(Page):
    """Grades one exercise at a time, of those that are on the `way`.

    `device` is where it begins, `poll` is for file systems without events.
    """

    def __init__(
        self, exercise: Exercise, way: Sequence[Exercise], device: str, grading: GradingProcess, *, poll: bool,
        complaint: str = "",
    ) -> None:  # fmt: skip
        super().__init__(complaint)
        self._exercise = exercise
        self._way = way
        self._device = device
        self._devices: tuple[str, ...] = (device,)
        self._poll = poll
        self._grading = grading
        self._graded = ""  # hash of what the verdict on the screen is about
        self._verdict: Verdict | None = None
        self._changed: list[Change] = []
        self._instead = ""  # stands in the place of a verdict that could not be had
        self._note = ""  # stands above the verdict until the next save
        self._verbose = False
        self._asked_again = ""  # the key that waits for a second press

    def on_mount(self) -> None:
        """Begin to load torch, to watch and to grade."""
        self._open(self._exercise)

    def _head(self, doing: str) -> None:
        exercise, file = self._exercise, self._exercise.stub
        link = to_file(file, self._line())
        text = Text.assemble(
            (f"{exercise.number:02} {exercise.title}", BOLD + link), f"  {doing}  ", (f"{self._device}  ", "dim"),
            (f"exercises/{file.name}", DIM + link), no_wrap=True, overflow="ellipsis",
        )  # fmt: skip
        self._top.update(text)

    def _line(self) -> int:
        """Return where there is something to do: as the verdict has it while it is about what is in the file."""
        text = stubs.read(self._exercise.stub)
        in_verdict = line_to_mend(self._verdict) if self._verdict and not self._is_new() else 0
        return in_verdict or line_to_write(self._exercise, text)

    def action_verdict(self) -> None:
        """Show the verdict, or what stands in its place."""
        self._asked_again = ""
        if self._instead:
            self._show(Text(self._instead, style="yellow"))
        elif self._verdict:
            taught = lessons(self._exercise) if self._verdict.passed else ()
            following = self._neighbour(1)
            shown = to_watch.verdict(self._verdict, self._changed, following, taught, verbose=self._verbose)
            self._show(Group(Text(self._note, style="yellow"), shown) if self._note else shown)
        else:
            self._show(Text("Grading for the first time: torch is loading.", style="dim"))

    def action_details(self) -> None:
        """Show all details of the failure, or fewer again."""
        self._verbose = not self._verbose
        self.action_verdict()

    def _open(self, exercise: Exercise) -> None:
        """Turn to an exercise: watch its file, grade it."""
        self._exercise, self._verdict, self._changed = exercise, None, []
        self._instead = self._note = self._graded = ""
        self._notify_below("")
        self.action_verdict()
        self._follow()
        self._grade()

    @work(exclusive=True, group=FOLLOWING, exit_on_error=False)
    async def _follow(self) -> None:
        """Grade the exercise after every save, for as long as it is on the screen."""
        exercise = self._exercise
        async with aclosing(saves(exercise.stub, poll=self._poll, on_silence=self._go_on_polling)) as found:
            async for _ in found:
                if self._is_new():
                    self._note = self._note if stubs.is_untouched(exercise, stubs.read(exercise.stub)) else ""
                    self._grade()

    def _go_on_polling(self) -> None:
        """Say that saves were not told of, and look for them from now on, in the other exercises, too."""
        self._poll = True
        self._notify_below(SILENT)

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

    def _neighbour(self, distance: int) -> Exercise | None:
        """Return the next exercise on the way for 1, the one before for -1; this one may lie beside the way."""
        beyond = [each for each in self._way if (each.number - self._exercise.number) * distance > 0]
        return min(beyond, key=lambda each: abs(each.number - self._exercise.number), default=None)

    async def on_unmount(self) -> None:
        """Leave nothing running."""
        await self._grading.close()


def _when(verdict: Verdict | None) -> str:
    now = time.strftime("%H:%M:%S")
    return f"{now} in {verdict.seconds:.2f} s" if verdict else now
