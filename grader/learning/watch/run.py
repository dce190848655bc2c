"""Opens the screen of `watch`, and tells what ended it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.errors import debugging
from grader.exit_code import ExitCode
from grader.learning.editor.editor import Editor
from grader.learning.track import following
from grader.learning.watch.app import WatchApp
from grader.learning.watch.grading import GradingProcess
from grader.learning.watch.terminal import has_terminal
from grader.record.progress import Progress


def next_exercise(progress: Progress, way: Sequence[Exercise], device: str) -> Exercise:
    """Return the exercise to go on with; after all of them the last."""
    states = progress.states(catalogue.own(), device)
    return following(way, states, progress.last(catalogue.own())) or way[-1]


def run(
    exercise: Exercise, way: Sequence[Exercise], grading: GradingProcess, device: str, editor: Editor, *,
    poll: bool, complaint: str,
) -> None:  # fmt: skip
    """Show the screen until the learner leaves, or the terminal does; `complaint` is what is amiss already."""
    for name in ("COLUMNS", "LINES"):  # as some programs export them; they would hold after a resize too
        os.environ.pop(name, None)
    app = WatchApp(exercise, way, device, grading, editor, poll=poll, complaint=complaint)
    try:
        app.run()
    finally:
        if not has_terminal():
            # subtle: Textual's thread for input reads the end of a closed terminal for ever, and would keep us here
            os._exit(ExitCode.INTERRUPTED)
    if debugging():
        sys.stderr.write(app.traces + grading.said)
    if app.fault:
        raise app.fault
