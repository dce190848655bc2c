"""A round in a pipe or on a terminal without a screen: a question, a line of answer, what is said to it."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.text import Text

from grader.errors import UsageError
from grader.learning.practice.round import Asked, Round
from grader.learning.shown import to_drill


def run(drill: Round, console: Console) -> None:
    """Ask until the round is over or nobody answers any more."""
    shown: list[Asked] = []
    try:
        while asked := drill.ask():
            console.print(to_drill.question(asked))
            if not _answered(drill, asked, console):
                break
            shown.append(asked)  # only now: one that was interrupted has no answer
    except KeyboardInterrupt:
        console.print()
        raise
    finally:
        if drill.told:
            console.print(to_drill.summary(shown, drill.told, drill.count))


def _answered(drill: Round, asked: Asked, console: Console) -> bool:
    """Take an answer, once more where it is no choice; return whether there was one."""
    while True:
        console.print(Text(f"({to_drill.how_to_answer(asked)})", style="dim"))
        given = _line(console)
        if given is None:
            return False
        try:
            answer = drill.answer(given)
        except UsageError as error:
            console.print(Text(str(error), style="yellow"))
            continue
        console.print(to_drill.told(asked, answer, time.time()))
        return True


def _line(console: Console) -> str | None:
    """Return the next line that somebody types or sends; None at the end."""
    console.print("> ", end="")
    console.file.flush()
    line = sys.stdin.readline() if sys.stdin else ""
    if not (sys.stdin and sys.stdin.isatty()):
        console.print()
    return line if line else None
