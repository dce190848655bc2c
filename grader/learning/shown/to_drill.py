"""Questions of a drill and what is said to the answers, as rich renderables."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from grader.called import program
from grader.catalogue.misconceptions import Misconception
from grader.harmless import harmless
from grader.learning.practice.choosing import Item
from grader.learning.practice.round import GIVEN_UP, LETTERS, Asked, Told
from grader.learning.shown.to_learner import CODE_THEME

DAY = 24 * 60 * 60
FAR = 14 * DAY  # from here on a date says more than a number of days
SILENCE = "(nothing)"


def question(asked: Asked) -> RenderableType:
    """Return a question: what was typed before with what it printed, the line that is asked about, the choices."""
    head = Text(f"\n{asked.number} of {asked.of}   What is printed next?", style="bold")
    session = "\n".join(filter(None, (asked.session, asked.line)))
    return Group(
        head, Text(), Padding(_code(session), (0, 0, 0, 2)), Text("  ?", style="bold yellow"), *_choices(asked)
    )


def how_to_answer(asked: Asked, give_up: str = GIVEN_UP) -> str:
    """Return in what form an answer is expected, in one line."""
    if asked.choices:
        return f"{', '.join(LETTERS[: len(asked.choices)])}; {give_up} if you do not know"
    return f"as the prompt prints it; the class of an error; empty for nothing; {give_up} if you do not know"


def _choices(asked: Asked) -> list[RenderableType]:
    if not asked.choices:
        return []
    table = Table.grid(padding=(0, 1, 0, 0))
    for letter, choice in zip(LETTERS, asked.choices, strict=False):
        table.add_row(Text(f"  {letter}", style="bold"), _output(choice))
    return [Text(), table]


def told(asked: Asked, answer: Told, now: float) -> RenderableType:
    """Return what is said to an answer: right or not, the real output, why, where it is taught, when it comes again."""
    found = asked.misconception
    parts: list[RenderableType] = [_judged(answer), Padding(_output(answer.real), (0, 0, 0, 2))]
    parts += [Text(), Text(found.title, style="bold"), Text(found.why)]
    if answer.rest:
        parts += [Text("\nThe session goes on:", style="dim"), Padding(_code(answer.rest), (0, 0, 0, 2))]
    parts += [Text(), _taught(found, answer), Text(f"Comes again {when(answer.due, now)}.", style="dim")]
    return Group(*parts)


def _judged(answer: Told) -> Text:
    if answer.right:
        return Text("✓ Right. It was run just now, and printed:", style="green")
    if answer.given == GIVEN_UP:
        return Text("It was run just now, and printed:", style="yellow")
    why = "That is what the misconception makes one expect. " if answer.fell_for_it else ""
    said = f"✗ Not right. {f'{answer.near} ' if answer.near else why}It was run just now, and printed:"
    return Text(said, style="red")


def _taught(found: Misconception, answer: Told) -> Text:
    where = "; ".join(f"{each.number:02} {each.title}" for each in answer.taught_in[:3])
    taught = ("Taught in ", "bold"), f"{where}\n"
    return Text.assemble(
        *(taught if where else ()), ("Read on: ", "bold"), found.read_on,
        (f"\n`{program()} explain {found.id}` shows all of it.", "dim"), overflow="fold",
    )  # fmt: skip


def summary(asked: Sequence[Asked], answers: Sequence[Told], count: int) -> RenderableType:
    """Return how a round went; one that was left early says so."""
    right, left = sum(each.right for each in answers), count - len(answers)
    head = f"{right} of {len(answers)} right." + (f" Not asked: {left}." if left else "")
    parts = [Text(f"\n{head}", style="bold")]
    missed = [each.misconception for each, answer in zip(asked, answers, strict=True) if not answer.right]
    if missed:
        parts.append(Text("They come again soon:"))
        parts += [Text.assemble("  ", (each.id, "bold"), f"  {each.title}") for each in missed]
    return Group(*parts)


def nothing(reach: Sequence[Item], now: float, ahead: str, begin: str) -> str:
    """Return why there is no question; `ahead` is what does not wait, `begin` what shows where to begin."""
    if not reach:
        return f"Nothing to drill yet: it begins with the first exercise that you pass; `{begin}` shows which is next."
    due = when(min(each.due for each in reach), now)
    return f"Nothing is due now; the next question comes {due}. `{ahead}` does not wait."


def when(due: float, now: float) -> str:
    """Return when something is due, as people say it."""
    if due <= now:
        return "now"
    days = round((_midnight(due) - _midnight(now)) / DAY)
    if due - now >= FAR:
        return f"on {time.strftime('%Y-%m-%d', time.localtime(due))}"
    if days <= 0:
        return "today" if due - now >= 60 * 60 else "soon"
    return "tomorrow" if days == 1 else f"in {days} days"


def _midnight(moment: float) -> float:
    day = time.localtime(moment)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 0, 0, 0, 0, 0, -1))


def _output(text: str) -> Text:
    return Text(harmless(text) if text else SILENCE, style="" if text else "dim", overflow="fold")


def _code(text: str) -> RenderableType:
    return Syntax(harmless(text), "pycon", theme=CODE_THEME, background_color="default", word_wrap=True)
