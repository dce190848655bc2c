"""The learner's commands beside grading: `hint`, `explain`, `reset`."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.text import Text

from grader.called import program
from grader.catalogue import catalogue, misconceptions
from grader.catalogue.hints import LEVELS, hints
from grader.commands.options import add_exercise, from_here
from grader.commands.speak import complain
from grader.errors import UsageError
from grader.exit_code import ExitCode
from grader.record import workspace as stubs
from grader.record.progress import Progress

# None of these commands may load torch; renderers are imported where they are needed.


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    hint = commands.add_parser("hint", help="one more hint, from a nudge to nearly there")
    add_exercise(hint)
    hint.add_argument("step", nargs="?", help="which step (default: the first that is not passed)")
    hint.add_argument("--again", action="store_true", help="only those that you have already had")
    hint.set_defaults(run=_hint)
    explain = commands.add_parser("explain", help="explain a misconception, with an example to run")
    explain.add_argument("misconception", nargs="?", help="its name, as a verdict shows it (default: list them all)")
    explain.add_argument("--run", dest="run_it", action="store_true", help="run the example now")
    explain.set_defaults(run=_explain)
    reset = commands.add_parser("reset", help="start an exercise afresh; what you wrote is kept")
    add_exercise(reset)
    reset.add_argument("--undo", action="store_true", help="bring back what you wrote")
    reset.set_defaults(run=_reset)


def _hint(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.shown import to_learner

    exercise, progress = catalogue.find_own(options.exercise), Progress()
    step = progress.open_step(exercise) if options.step is None else catalogue.find_step(exercise, options.step)
    taken = progress.hints_taken(exercise, step)
    shown = taken if options.again else min(taken + 1, LEVELS)
    if not shown:
        raise UsageError(f"you have had no hint for `{step}` yet; leave out --again to get the first")
    console.print(to_learner.hint(exercise, step, hints(exercise).get(step, ())[:shown], new=shown > taken))
    if shown > taken:
        progress.keep_hint(exercise, step, shown)
    complain(progress.complaint)
    return ExitCode.ALL_PASSED


def _explain(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.shown import to_learner

    progress = Progress()
    met = progress.meetings()
    if options.misconception is None:
        console.print(to_learner.misconceptions(list(misconceptions.misconceptions().values()), met))
    else:
        found = misconceptions.find(options.misconception)
        console.print(to_learner.explanation(found, met.get(found.id, [])))
        if options.run_it:
            from grader.learning.replay import replay

            console.print("Run now, on this machine:\n", style="dim")
            replay(found.example)
    complain(progress.complaint)
    return ExitCode.ALL_PASSED


def _reset(options: argparse.Namespace, console: Console) -> int:
    exercise = catalogue.find_own(options.exercise)
    file = from_here(exercise.stub)
    if options.undo:
        backup = stubs.undo(exercise)
        _tell(console, f"{file} is back to what you wrote, from {from_here(backup)}.")
        return ExitCode.ALL_PASSED
    kept = stubs.reset(exercise)
    _tell(console, f"{file} is as it was handed out.")
    if kept:
        again = f"`{program()} reset {exercise.number:02} --undo` brings it back."
        _tell(console, f"What you wrote is kept in {from_here(kept)}; {again}")
    return ExitCode.ALL_PASSED


def _tell(console: Console, text: str) -> None:
    """Print a line as it is: a path may hold brackets, and must not be broken."""
    console.print(Text(text), soft_wrap=True)
