"""What a passed exercise has taught, as rich renderables."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.syntax import Syntax
from rich.text import Text

from grader.called import program
from grader.catalogue.catalogue import Exercise
from grader.learning.shown.to_learner import CODE_THEME
from grader.learning.taught import Lesson, Way


def lessons(taught: Sequence[Lesson]) -> RenderableType:
    """Return what each step was about."""
    return Group(
        Text("What this taught", style="bold"), *(_lesson(each) for each in taught if each.why or each.read_on)
    )


def after_a_pass(exercise: Exercise, taught: Sequence[Lesson]) -> RenderableType:
    """Return what is shown below a verdict that passes for the first time."""
    command = f"`{program()} taught {exercise.number:02}`"
    more = f"\n{command} shows this again, with right answers of other shapes, and what yours costs."
    return Group(Text(), lessons(taught), Text(more, style="dim"))


def _lesson(lesson: Lesson) -> RenderableType:
    why = [Text(f"{said[:1].upper()}{said[1:]}") for said in lesson.why]
    read_on = [_link(address) for address in lesson.read_on]
    return Group(Text(lesson.step, style="bold"), *(Padding(each, (0, 0, 0, 2)) for each in (*why, *read_on)))


def _link(address: str) -> Text:
    return Text(address, Style(link=address, dim=True), overflow="fold")


def everything(exercise: Exercise, taught: Sequence[Lesson], ways: Sequence[Way], read_on: str) -> RenderableType:
    """Return what each step was about, and right answers of other shapes."""
    title = Text(f"\n{exercise.number:02} {exercise.title}", style="bold")
    parts: list[RenderableType] = [title, lessons(taught)]
    if read_on:
        parts += [Text("\nRead on", style="bold"), _link(read_on)]
    if ways:
        parts += [Rule(style="dim"), Text("Right as well", style="bold")]
    for about, its_own in itertools.groupby(ways, lambda way: way.about):
        parts += [Text(about, style="dim"), *(Padding(_code(each), (0, 0, 1, 2)) for each in its_own)]
    return Group(*parts)


def _code(way: Way) -> RenderableType:
    return Syntax(way.code, "python", theme=CODE_THEME, background_color="default", word_wrap=True)
