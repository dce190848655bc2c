"""`drill`, `review`, `stats`: what was met and passed comes again, as questions and as exercises."""

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
from grader.commands.options import add_exercise, count, from_here
from grader.commands.speak import complain, write
from grader.exit_code import ExitCode
from grader.record.practised import History, Practised

if TYPE_CHECKING:
    from grader.catalogue.catalogue import Exercise
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
    review = commands.add_parser("review", help="write an exercise again that you passed long ago, or with effort")
    add_exercise(review, optional=True)
    review.add_argument("--count", type=count, default=1, metavar="N", help="how many that are due (default: 1)")
    review.set_defaults(run=_review)
    stats = commands.add_parser("stats", help="where you stand: passes, effort, misconceptions, and what is due")
    stats.add_argument("--html", metavar="FILE", help="as a page to read or print; - for standard output")
    stats.set_defaults(run=_stats)


def _drill(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.practice import choosing

    exercise = catalogue.find_own(options.exercise) if options.exercise else None
    wish = choosing.wished(options.part, exercise, options.misconception)
    practised, history, now = _record()
    reach = choosing.within_reach(history, wish, now)
    chosen = choosing.to_ask(reach, wish, now, ahead=options.ahead)[: options.count]
    if not chosen:
        _say_why_nothing(options, console, reach, now)
        return ExitCode.ALL_PASSED
    return _asked(options, console, chosen, practised, history)


def _record() -> tuple[Practised, History, float]:
    """Return the record, all that is in it, and the time; say what is amiss with the record or the clock."""
    practised, now = Practised(), time.time()
    history = practised.history()
    complain(practised.complaint)
    _complain_of_the_clock(history, now)
    return practised, history, now


def _complain_of_what_is_new(practised: Practised, said_before: str) -> None:
    if practised.complaint != said_before:
        complain(practised.complaint)


def _complain_of_the_clock(history: History, now: float) -> None:
    from grader.learning.practice.schedule import ahead_of_the_clock

    if latest := ahead_of_the_clock(history, now):
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(latest))
        complain(f"the clock is behind the record, which goes up to {day}; what lies ahead counts as if it were now")


def _say_why_nothing(options: argparse.Namespace, console: Console, reach: Sequence[Item], now: float) -> None:
    """Say why there is no question, and when there is one."""
    from grader.learning.practice import protocol
    from grader.learning.shown.to_drill import nothing

    said = nothing(reach, now, f"{program()} drill --ahead", program())
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

    said_before = practised.complaint
    with Sessions() as sessions:
        drill = Round(items, sessions, practised, history)
        try:
            _way(options)(drill, console)
        except KeyboardInterrupt:
            complain(f"interrupted; {len(drill.told)} of {drill.count} answers were given, and are kept")
            return ExitCode.INTERRUPTED
        finally:
            _complain_of_what_is_new(practised, said_before)
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


def _review(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.practice import review

    practised, history, now = _record()
    said_before = practised.complaint
    chosen = _to_review(options, history, now)
    open_ones = [each for each in review.under_way(history) if each in chosen or not options.exercise]
    made = review.hand_out([each for each in chosen if each not in open_ones], practised, now)
    for heading, files in (("Still open:", [each.review for each in open_ones]), ("Handed out once more:", made)):
        if files:
            _tell(console, [heading, *(f"  {program()} exercise {from_here(path)}" for path in files)])
    if made or open_ones:
        _tell(
            console, ["Edit the file, and grade it with that command. What you wrote the first time stays where it is."]
        )
    else:
        _tell(console, [_why_no_review(history, now)])
    _complain_of_what_is_new(practised, said_before)
    return ExitCode.ALL_PASSED


def _to_review(options: argparse.Namespace, history: History, now: float) -> list[Exercise]:
    """Return the exercise that is asked for, else those that are due and not handed out yet."""
    from grader.learning.practice import review

    if options.exercise:
        exercise = catalogue.find_own(options.exercise)
        review.require_passed(history, exercise)
        return [exercise]
    still_open = review.under_way(history)
    due = [each for each, _ in review.due_now(history, now) if each not in still_open]
    return due[: max(options.count - len(still_open), 0)]


def _why_no_review(history: History, now: float) -> str:
    from grader.learning.practice import review
    from grader.learning.shown.to_drill import when

    if coming := review.coming(history, now):
        exercise, due = coming[0]
        number = f"{exercise.number:02}"
        return (
            f"Nothing is due for review: {number} comes {when(due, now)}. `{program()} review {number}` does not wait."
        )
    return f"Nothing to review yet: it begins with the first exercise that you pass; `{program()}` shows which is next."


def _tell(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _stats(options: argparse.Namespace, console: Console) -> int:
    from grader.learning.practice.stats import stats
    from grader.learning.shown import to_stats, to_stats_page

    _, history, now = _record()
    found = stats(history, now)
    if options.html != "-":
        console.print(to_stats.stats(found, now))
    if options.html:
        write(options.html, to_stats_page.to_page(found, now))
    return ExitCode.ALL_PASSED
