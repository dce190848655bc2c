"""`drill`: questions about what was met and passed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from grader.called import program
from grader.catalogue import catalogue
from grader.commands.options import count
from grader.commands.speak import complain
from grader.exit_code import ExitCode
from grader.record.practised import History, Practised

if TYPE_CHECKING:
    from grader.learning.practice.choosing import Item
    from grader.learning.practice.round import Round

# What loads the schedule or a screen is imported where it is needed; torch is loaded in another process.
ROUND = 10


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    drill = commands.add_parser("drill", help="questions about what you met and passed: what does this line print?")
    drill.add_argument("--part", metavar="NAME", default="", help="only about this part of the exercises")
    drill.add_argument("--exercise", help="only about this exercise: 5, 05 or leaf_and_grad")
    drill.add_argument("--misconception", metavar="ID", default="", help="only about this one, even if it is not due")
    drill.add_argument("--count", type=count, default=ROUND, metavar="N", help=f"how many questions (default: {ROUND})")
    drill.add_argument("--ahead", action="store_true", help="go on with what is due later when nothing is due now")
    drill.add_argument("--plain", action="store_true", help="line by line, without a screen")
    drill.add_argument("--json", action="store_true", help="for other programs: a JSON object in each line, both ways")
    drill.set_defaults(run=_drill)


def _drill(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.practice import choosing

    wish = choosing.Wish(
        choosing.find_part(options.part) if options.part else "",
        catalogue.find_own(options.exercise) if options.exercise else None,
        choosing.find_misconception(options.misconception) if options.misconception else "",
    )
    practised, now = Practised(), time.time()
    history = practised.history()
    complain(practised.complaint)
    _complain_of_the_clock(history, now)
    reach = choosing.within_reach(history, wish, now)
    chosen = [each for each in reach if each.due <= now or options.ahead or wish.misconception][: options.count]
    if not chosen:
        _say_why_nothing(options, console, reach, now)
        return ExitCode.ALL_PASSED
    return _asked(options, console, chosen, practised, history)


def _complain_of_the_clock(history: History, now: float) -> None:
    from grader.learning.practice.schedule import ahead_of_the_clock

    if latest := ahead_of_the_clock(history, now):
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(latest))
        complain(f"the clock is behind the record, which goes up to {day}; what lies ahead counts as if it were now")


def _say_why_nothing(options: argparse.Namespace, console: Console, reach: Sequence[Item], now: float) -> None:
    """Say why there is no question, and when there is one."""
    from grader.learning.practice import protocol
    from grader.learning.shown.to_drill import when

    if reach:
        due = when(min(each.due for each in reach), now)
        said = f"Nothing is due now; the next question comes {due}. `{program()} drill --ahead` does not wait."
    else:
        said = (
            f"Nothing to drill yet: it begins with the first exercise that you pass; `{program()}` shows which is next."
        )
    if options.json:
        protocol.end_without_questions(said)
    else:
        console.print(Text(said), soft_wrap=True)


def _asked(
    options: argparse.Namespace, console: Console, items: Sequence[Item], practised: Practised, history: History
) -> int:
    """Ask; return whether everything was answered rightly."""
    from grader.learning.practice.round import Round
    from grader.learning.practice.sessions import Sessions

    with Sessions() as sessions:
        drill = Round(items, sessions, practised, history)
        try:
            _way(options)(drill, console)
        except KeyboardInterrupt:
            complain(f"interrupted; {len(drill.told)} of {drill.count} answers were given, and are kept")
            return ExitCode.INTERRUPTED
        finally:
            complain(practised.complaint)
    return ExitCode.ALL_PASSED if drill.right == len(drill.told) else ExitCode.NOT_ALL_PASSED


def _way(options: argparse.Namespace) -> Callable[[Round, Console], None]:
    """Return how the questions are asked: for programs, on a screen where there is one, else line by line."""
    from grader.learning.practice import plain, protocol

    if options.json:
        return lambda drill, _: protocol.run(drill)
    has_screen = (
        sys.stdin is not None
        and sys.stdin.isatty()
        and sys.stdout.isatty()
        and os.environ.get("TERM", "dumb") != "dumb"
    )
    if options.plain or not has_screen:
        return plain.run
    from grader.learning.practice import screen

    return screen.run
