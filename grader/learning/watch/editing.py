"""The exercise on the screen of `watch`, opened in the learner's editor."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence

from rich.text import Text
from textual import work

from grader.catalogue.catalogue import Exercise
from grader.learning.editor.editor import Editor
from grader.learning.editor.opening import open_window
from grader.learning.watch.graded import Graded
from grader.learning.watch.grading import GradingProcess

OPENING = "opening"  # one worker at a time
TURNING_SECONDS = 0.4  # an exercise that is only passed by is not opened


class Editing(Graded):
    """Opens each exercise that is turned to, where the editor has a window of its own, or was asked for by name."""

    def __init__(
        self, exercise: Exercise, way: Sequence[Exercise], device: str, grading: GradingProcess, editor: Editor, *,
        poll: bool, complaint: str = "",
    ) -> None:  # fmt: skip
        super().__init__(exercise, way, device, grading, poll=poll, complaint=complaint)
        self._editor = editor
        self._by_itself = not editor.on_key_only

    def _open(self, exercise: Exercise) -> None:
        super()._open(exercise)
        if self._by_itself:
            self._open_by_itself()

    def _open_by_itself(self) -> None:
        if self._editor.has_window:
            self._open_window(self._command(), after=TURNING_SECONDS)
        elif self._editor.asked:
            self._by_itself = False  # it hides this screen: from now on only a key opens it
            self.call_after_refresh(self.action_edit)
        elif self._editor.lacking:
            self._by_itself = False
            self._notify_below(f"{self._editor.lacking[:1].upper()}{self._editor.lacking[1:]}.")

    def action_edit(self) -> None:
        """Open the exercise in the learner's editor, at the line to mend: beside this terminal, or in it."""
        if self._editor.has_window:
            self._open_window(self._command(), after=0.0)
        else:
            self._edit_here()

    def _command(self) -> list[str]:
        return self._editor.at(self._exercise.stub, self._line())

    @work(exclusive=True, group=OPENING, exit_on_error=False)
    async def _open_window(self, command: Sequence[str], after: float) -> None:
        await asyncio.sleep(after)
        if said := await open_window(command):
            self._notify_below(f"{said}; --editor names another one.")

    def _edit_here(self) -> None:
        command = self._command()
        try:
            with self.suspend():
                subprocess.run(command, check=False)
        except OSError as error:
            said = f"{command[0]!r} cannot be started ({error.strerror}); set EDITOR to your editor."
            self._show(Text(said, style="yellow"))
