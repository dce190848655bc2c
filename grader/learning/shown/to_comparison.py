"""A learner's code beside the solution, for a terminal, as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from grader.catalogue.catalogue import Exercise
from grader.judging.cost import Cost, differences
from grader.learning.shown.to_learner import CODE_THEME
from grader.learning.side_by_side import Comparison, Side

WIDE = 110  # columns: below this, code stands one above the other


SIDES = ("yours", "solution")


def comparison(exercise: Exercise, steps: Sequence[Comparison], sides: tuple[str, str] = SIDES) -> RenderableType:
    """Return what differs, step by step, and the names of the steps that do not; `sides` are named above the code."""
    same = [each.step for each in steps if each.same]
    parts: list[RenderableType] = [Text.assemble("\n", (f"{exercise.number:02} {exercise.title}", "bold"))]
    if same:
        parts.append(Text(f"✓ the same code: {', '.join(same)}", style="green"))
    for each in steps:
        if not each.same:
            parts += [Rule(style="dim"), Text(each.step, style="bold"), _why(each), _Sides(each, sides)]
    return Group(*parts)


def costs(yours: dict[str, Cost], solution: dict[str, Cost]) -> RenderableType:
    """Return how the two behaved where both passed: counted over the same calls with the same inputs."""
    both = [step for step in solution if step in yours]
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for step in both:
        said = differences(yours[step], solution[step])
        table.add_row(step, Text("; ".join(said)) if said else Text("= the same", style="dim"))
    head = Text("What both do: operations, copies, new memory, graph nodes, time", style="bold")
    return Group(Rule(style="dim"), head, table) if both else Text("Neither could be measured.", style="dim")


def _why(step: Comparison) -> RenderableType:
    return Padding(Group(*(Text(f"{said[:1].upper()}{said[1:]}") for said in step.why)), (0, 0, 0, 2))


class _Sides:
    """Both texts, beside each other where there is room, else one above the other."""

    def __init__(self, step: Comparison, sides: tuple[str, str]) -> None:
        self._step = step
        self._sides = sides

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = self._step.lines
        left, right = (_highlighted([row[side] for row in rows]) for side in (2, 3))
        marked = [
            (_marked(kinds[0], "-", text), _marked(kinds[1], "+", other))
            for kinds, text, other in zip(rows, left, right, strict=True)
        ]
        yield from (_beside if options.max_width >= WIDE else _above)(marked, self._sides)


def _highlighted(lines: Sequence[str]) -> list[Text]:
    """Return the lines in colours, which are found for all of them at once."""
    text = Syntax("", "python", theme=CODE_THEME, background_color="default").highlight("\n".join(lines))
    found = list(text.split("\n", allow_blank=True))
    return [*found, *(Text() for _ in range(len(lines) - len(found)))][: len(lines)]


def _marked(kind: Side, sign: str, line: Text) -> Text | None:
    """Return a line with its sign; None for the gap beside a line that only the other side has."""
    if kind is not Side.BOTH and not line.plain.strip():
        return None
    colour = {"-": "red", "+": "green"}[sign]
    return Text.assemble(("  ", "dim") if kind is Side.BOTH else (f"{sign} ", f"bold {colour}"), line)


def _beside(rows: Sequence[tuple[Text | None, Text | None]], sides: tuple[str, str]) -> RenderResult:
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    for name in sides:
        table.add_column(f"  {name}", ratio=1, overflow="fold")
    for left, right in rows:
        table.add_row(left or Text(), right or Text())
    yield table


def _above(rows: Sequence[tuple[Text | None, Text | None]], sides: tuple[str, str]) -> RenderResult:
    for column, name in enumerate((f"- {sides[0]}", f"+ {sides[1]}")):
        yield Text(name, style="dim")
        yield from (line for row in rows if (line := row[column]) is not None)
