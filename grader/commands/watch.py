"""`watch`: grade on every save."""

from __future__ import annotations

import argparse
import os
import sys

from rich.console import Console

from grader.called import program
from grader.catalogue import catalogue
from grader.commands.options import add_exercise, add_first, add_launcher, add_limits, first_of
from grader.errors import UsageError
from grader.exit_code import ExitCode
from grader.judging.devices import DEVICES
from grader.learning.track import track
from grader.record import workspace as stubs
from grader.record.progress import Progress


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this command to the command line."""
    watch = commands.add_parser("watch", help="grade on every save; everything else is one key away")
    add_exercise(watch, optional=True)
    add_first(watch)
    watch.add_argument("--device", choices=DEVICES, default="cpu", help="where to run (default: cpu)")
    watch.add_argument("--poll", action="store_true", help="check for saves at intervals (for network file systems)")
    add_launcher(watch)
    editor = watch.add_mutually_exclusive_group()
    editor.add_argument("--editor", metavar="CMD", help="open exercises with this; it may hold {file} and {line}")
    editor.add_argument("--no-editor", action="store_true", help="open no editor before the key o is pressed")
    add_limits(watch)
    watch.set_defaults(run=_watch)


def _watch(options: argparse.Namespace, _: Console) -> int:
    kind = os.environ.get("TERM", "" if sys.platform == "win32" else "dumb")  # consoles of Windows name none
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or kind == "dumb":
        raise UsageError(f"watch needs a terminal with a screen; `{program()} exercise 05` grades once and prints")
    exercise = catalogue.find_own(options.exercise) if options.exercise else None
    from grader.learning.editor.editor import choose
    from grader.learning.watch import run
    from grader.learning.watch.grading import GradingProcess

    editor = choose(options.editor, os.environ, on_key_only=options.no_editor)

    way, progress = track(first_of(options)), Progress()
    stubs.keep_untouched()
    chosen = exercise or run.next_exercise(progress, way, options.device)
    grading = GradingProcess(options.call_limit, options.limit, device=options.device, launcher=options.launcher)
    run.run(chosen, way, grading, options.device, editor, poll=options.poll, complaint=progress.complaint)
    return ExitCode.ALL_PASSED
