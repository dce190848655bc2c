"""Where am I, `list` and `next`: what there is, and where to go on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from grader.called import program
from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.commands.options import add_first, first_of, from_here
from grader.commands.speak import complain, write
from grader.exit_code import ExitCode
from grader.judging.devices import DEVICES
from grader.learning.search import Wanted, idea, wanted
from grader.learning.track import following, track
from grader.record import workspace as stubs
from grader.record.progress import Progress, State

# None of these commands may load torch; renderers are imported where they are needed.


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    listing = commands.add_parser("list", help="show all exercises and where you stand, or find some")
    listing.add_argument("words", nargs="*", help="only exercises with all these words: in names, titles, steps, idea")
    listing.add_argument("--part", metavar="NAME", help="only this part; a piece of its name will do")
    listing.add_argument("--state", help="only passed, stale, in-progress or not-started ones, or all that are open")
    listing.add_argument("--misconception", metavar="NAME", help="only those whose checks can name it")
    add_first(listing)
    listing.add_argument("--device", choices=DEVICES, help="only this device (default: all that you have used)")
    listing.add_argument("--json", metavar="FILE", nargs="?", const="-", help="as JSON (default: to standard output)")
    listing.set_defaults(run=_list)
    following = commands.add_parser("next", help="show which exercise is next, and what it is about")
    add_first(following)
    following.add_argument("--device", choices=DEVICES, default="cpu", help="where it is to pass (default: cpu)")
    following.set_defaults(run=_next)


def where_am_i(_: argparse.Namespace, console: Console) -> int:
    """Show how far the learner is and what is next."""
    from grader.learning.shown import to_overview
    from grader.learning.workspace import is_of_another_version

    stubs.keep_untouched()
    progress = Progress()
    states, last = _states(progress, ("cpu",))["cpu"], progress.last(catalogue.own())
    goes_on = following(track(), states, last)
    console.print(to_overview.overview(states, goes_on, from_here(goes_on.stub) if goes_on else None, last))
    complain(is_of_another_version())
    return ExitCode.ALL_PASSED


def _next(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.shown import to_overview

    way, progress = track(first_of(options)), Progress()
    states = _states(progress, (options.device,))[options.device]
    goes_on = following(way, states, progress.last(catalogue.own()))
    if goes_on is None:
        console.print(Text(f"All {len(way)} of this way are passed on {options.device}."))
        return ExitCode.ALL_PASSED
    left = [each for each in way if states[each.name] is not State.PASSED]
    file, about = from_here(goes_on.stub), idea(goes_on)
    console.print(to_overview.following(goes_on, states[goes_on.name], file, about, left))
    return ExitCode.ALL_PASSED


def _list(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.shown import to_overview

    asked, way, progress = _wanted(options), track(first_of(options)), Progress()
    states = _states(progress, (options.device,) if options.device else _graded_on(progress))
    chosen = [each for each in way if asked.fits(each, {found[each.name] for found in states.values()})]
    if options.json:
        write(options.json, _as_json(chosen, states))
    elif chosen:
        console.print(to_overview.listing(chosen, states, way, progress.last(catalogue.own())))
    else:
        console.print(Text(f"None of the {len(way)} exercises fits; `{program()} list` shows them all."))
    return ExitCode.ALL_PASSED


def _wanted(options: argparse.Namespace) -> Wanted:
    flags = {"part": options.part, "state": options.state, "misconception": options.misconception}
    asked = wanted(" ".join(options.words))
    for kind, name in flags.items():
        asked = asked if name is None else asked.also(kind, name)
    return asked


def _graded_on(progress: Progress) -> tuple[str, ...]:
    """Return the devices to show; what was imported may name some that no grader of this version has."""
    return tuple(device for device in progress.devices() if device in DEVICES)


def _states(progress: Progress, devices: tuple[str, ...]) -> dict[str, dict[str, State]]:
    states = {device: progress.states(catalogue.own(), device) for device in devices}
    complain(progress.complaint)
    return states


def _as_json(chosen: Sequence[Exercise], states: dict[str, dict[str, State]]) -> str:
    rows = [
        {
            "number": each.number, "name": each.name, "title": each.title, "part": each.part, "minutes": each.minutes,
            "steps": list(each.steps), "state": {device: found[each.name] for device, found in states.items()},
        }
        for each in chosen
    ]  # fmt: skip
    return json.dumps(rows, indent=2) + "\n"
