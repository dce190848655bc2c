"""What `%hint`, `%explain`, `%compare` and `%katas` show below a cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group

from grader.catalogue.catalogue import Exercise
from grader.catalogue.hints import LEVELS
from grader.catalogue.misconceptions import Misconception
from grader.judging.cost import Cost, differences
from grader.learning.shown import to_comparison
from grader.learning.side_by_side import Comparison, Side
from grader.notebook.shown import Shown
from grader.reports.markup import Node, tag
from grader.reports.to_html import prose

STATES = {True: ("✓", "passed"), False: ("…", "in progress"), None: ("○", "not started")}
MARKS = {Side.BOTH: " ", Side.YOURS: "-", Side.SOLUTION: "+"}
NO_COSTS: tuple[dict[str, Cost], dict[str, Cost]] = ({}, {})


def hint(exercise: Exercise, step: str, taken: Sequence[str]) -> Shown:
    """Return the hints that were taken, the newest last."""
    head = f"{exercise.number:02} {step}: hint {len(taken)} of {LEVELS}"
    last = len(taken) == LEVELS
    more = "That was the last one; `%compare --spoil` shows it all." if last else "`%hint` gives the next one."
    lines = [head, *(f"{number}. {text}" for number, text in enumerate(taken, 1)), more]
    items = [tag("li", *prose(text)) for text in taken]
    head_line = tag("p", tag("code", step), f" · hint {len(taken)} of {LEVELS}", class_="head")
    return Shown("\n".join(lines), [head_line, tag("ol", *items), tag("p", *prose(more), class_="dim")])


def explanation(found: Misconception) -> Shown:
    """Return all that is known about a misconception."""
    lines = [found.title, found.why, f"Look: {found.look}"]
    content: list[Node] = [
        tag("p", *prose(found.title), class_="head"),
        tag("p", *prose(found.why)),
        tag("p", tag("strong", "Look: "), *prose(found.look)),
    ]
    if found.example:
        run = f"See it happen; `%explain {found.id} --run` runs this here:"
        lines += [run, "", found.example, ""]
        content += [tag("p", *prose(run)), tag("pre", found.example, class_="session")]
    if found.read_on:
        lines.append(f"Read on: {found.read_on}")
        content.append(tag("p", "Read on: ", tag("a", found.read_on, href=found.read_on)))
    return Shown("\n".join(lines), [*content, tag("p", "It is called ", tag("code", found.id), ".", class_="dim")])


def comparison(
    exercise: Exercise, steps: Sequence[Comparison], costs: tuple[dict[str, Cost], dict[str, Cost]] = NO_COSTS
) -> Shown:
    """Return the learner's code beside the solution, and what both cost where that was measured."""
    text = [to_comparison.comparison(exercise, steps), *([to_comparison.costs(*costs)] if costs[1] else [])]
    content: list[Node] = [tag("p", f"{exercise.number:02} {exercise.title}", class_="head")]
    if same := [each.step for each in steps if each.same]:
        content.append(tag("p", tag("span", "✓ the same code", class_="state passed"), f": {', '.join(same)}"))
    content += [part for each in steps if not each.same for part in _compared(each)]
    return Shown(Group(*text), [*content, *_costs(*costs)])


def _compared(step: Comparison) -> Iterator[Node]:
    yield tag("p", tag("strong", tag("code", step.step)))
    yield from (tag("p", *prose(f"{said[:1].upper()}{said[1:]}")) for said in step.why)
    head = tag("tr", tag("th", "yours", scope="col"), tag("th", "solution", scope="col"))
    rows = [tag("tr", _code(kinds[0], left), _code(kinds[1], right)) for *kinds, left, right in step.lines]
    yield tag("table", tag("thead", head), tag("tbody", *rows), class_="sides")


def _code(kind: Side | str, line: Side | str) -> Node:
    sign = MARKS[Side(kind)] if line else ""
    return tag("td", tag("pre", f"{sign} {line}" if line else ""), class_=str(kind) if line else str(Side.BOTH))


def _costs(yours: dict[str, Cost], solution: dict[str, Cost]) -> Iterator[Node]:
    if both := [step for step in solution if step in yours]:
        yield tag("p", tag("strong", "What both do: operations, copies, new memory, graph nodes, time"))
        said = [(step, "; ".join(differences(yours[step], solution[step])) or "the same") for step in both]
        yield tag("table", *(tag("tr", tag("th", tag("code", step)), tag("td", text)) for step, text in said))


def overview(exercises: Sequence[Exercise], best: dict[str, int], place: str) -> Shown:
    """Return where the learner stands; `best` has, for each exercise tried, the most steps that passed at once."""
    passed = sum(best.get(each.name) == len(each.steps) for each in exercises)
    total = f"{passed} of {len(exercises)} exercises passed"
    lines, rows = [total], []
    for part, members in groupby(exercises, lambda each: each.part):
        lines.append(f"\n{part}")
        rows.append(tag("tr", tag("th", part, colspan="4", scope="rowgroup")))
        for each in members:
            sign, word, count = _stands(each, best)
            lines.append(f"  {each.number:02} {each.title:48} {each.minutes:3} min  {sign} {word} {count}".rstrip())
            state = tag("span", f"{sign} {word}", class_=f"state {word.replace(' ', '-')}")
            cells = (f"{each.number:02} {each.title}", f"{each.minutes} min", state, count)
            rows.append(tag("tr", *(tag("td", cell) for cell in cells)))
    foot = f"Progress is kept in {place}."
    head = tag("p", total, class_="head")
    return Shown(
        "\n".join([*lines, "", foot]), [head, tag("table", *rows, class_="list"), tag("p", foot, class_="dim")]
    )


def _stands(exercise: Exercise, best: dict[str, int]) -> tuple[str, str, str]:
    """Return sign, word, and how many steps of how many."""
    most = best.get(exercise.name)
    sign, word = STATES[None if most is None else most == len(exercise.steps)]
    return sign, word, "" if most is None else f"{most} of {len(exercise.steps)} steps"
