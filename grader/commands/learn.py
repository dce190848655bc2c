"""The learner's commands beside grading: where am I, `list`, `hint`, `explain`, `compare`, `reset`."""

from __future__ import annotations

import argparse
import json

from rich.console import Console
from rich.text import Text

from grader import __version__
from grader.called import program
from grader.catalogue import catalogue, misconceptions
from grader.catalogue.hints import LEVELS, hints
from grader.commands.options import add_exercise, from_here
from grader.commands.speak import complain, write
from grader.errors import UsageError
from grader.exit_code import ExitCode
from grader.judging.devices import DEVICES
from grader.record import workspace as stubs
from grader.record.progress import Progress, State, unfinished

# None of these commands may load torch; renderers are imported where they are needed.


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    listing = commands.add_parser("list", help="show all exercises and where you stand")
    listing.add_argument("--device", choices=DEVICES, help="only this device (default: all that you have used)")
    listing.add_argument("--json", metavar="FILE", nargs="?", const="-", help="as JSON (default: to standard output)")
    listing.set_defaults(run=_list)
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


def where_am_i(_: argparse.Namespace, console: Console) -> int:
    """Show how far the learner is and what is next."""
    from grader.learning.shown import to_overview
    from grader.learning.workspace import is_of_another_version

    stubs.keep_untouched()
    states = _states(Progress(), ("cpu",))["cpu"]
    left = unfinished(states)
    console.print(to_overview.overview(states, left, from_here(left[0].stub) if left else None))
    if other := is_of_another_version():
        complain(f"the files here come from version {other}; `{program()} update` brings what {__version__} changed")
    return ExitCode.ALL_PASSED


def _list(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.shown import to_overview

    progress = Progress()
    states = _states(progress, (options.device,) if options.device else _graded_on(progress))
    if options.json:
        write(options.json, _as_json(states))
    else:
        console.print(to_overview.listing(catalogue.own(), states))
    return ExitCode.ALL_PASSED


def _graded_on(progress: Progress) -> tuple[str, ...]:
    """Return the devices to show; what was imported may name some that no grader of this version has."""
    return tuple(device for device in progress.devices() if device in DEVICES)


def _states(progress: Progress, devices: tuple[str, ...]) -> dict[str, dict[str, State]]:
    states = {device: progress.states(catalogue.own(), device) for device in devices}
    complain(progress.complaint)
    return states


def _as_json(states: dict[str, dict[str, State]]) -> str:
    rows = [
        {
            "number": each.number, "name": each.name, "title": each.title, "part": each.part, "minutes": each.minutes,
            "steps": list(each.steps), "state": {device: found[each.name] for device, found in states.items()},
        }
        for each in catalogue.own()
    ]  # fmt: skip
    return json.dumps(rows, indent=2) + "\n"


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
