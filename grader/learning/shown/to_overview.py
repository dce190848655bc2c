"""Where a learner stands, as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.called import program
from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.record.progress import Attempt, State
from grader.reports.links import to_file
from grader.units import duration

SIGNS = {
    State.PASSED: ("✓", "green"), State.STALE: ("~", "yellow"),
    State.IN_WORK: ("…", "cyan"), State.NOT_STARTED: ("○", "blue"),
}  # fmt: skip
BAR = 7  # signs long


def overview(
    states: dict[str, State], following: Exercise | None, file: Path | None, last: Attempt | None
) -> RenderableType:
    """Return where the learner stands, where they were last, and what is next: `following`, which is in `file`."""
    passed = sum(each is State.PASSED for each in states.values())
    lines = [Text(f"{passed} of {len(states)} exercises passed", style="bold")]
    if last:
        lines.append(last_time(last))
    if following and file:
        lines += _next(following, states[following.name], file)
    else:
        lines.append(Text(f"\nAll of them. `{program()} all` grades everything once more."))
    lines.append(Text(f"\n`{program()} list` shows all exercises, `--help` all commands.", style="dim"))
    return Group(*lines)


def following(exercise: Exercise, found: State, file: Path, idea: str, way: Sequence[Exercise]) -> RenderableType:
    """Return what is next, and what it is about; `way` are the exercises that are left, with it."""
    minutes = sum(each.minutes for each in way)
    left = Text(f"\nOn this way, {len(way)} are left: about {duration(minutes)}.", style="dim")
    return Group(*_next(exercise, found, file), Text(f"\n{idea}") if idea else Text(), left)


def _next(exercise: Exercise, found: State, file: Path) -> list[Text]:
    number = f"{exercise.number:02}"
    return [
        Text(f"\nNext: {number} {exercise.title} ({found}, about {exercise.minutes} minutes)"),
        Text.assemble("  edit   ", (str(file), to_file(file)), f"\n  grade  {program()} exercise {number}"),
    ]


def last_time(last: Attempt) -> Text:
    """Return where the learner was last time."""
    exercise = catalogue.find(last.exercise)
    how = f"{last.steps_passed} of {last.steps} steps passed"
    return Text(f"Last time, {day(last.at)}: {exercise.number:02} {exercise.title}, {how}")


def day(moment: float, today: date | None = None) -> str:
    """Return when something was (Unix time), as people say it."""
    then = datetime.fromtimestamp(moment).astimezone()
    days = ((today or date.today()) - then.date()).days
    return {0: f"today at {then:%H:%M}", 1: f"yesterday at {then:%H:%M}"}.get(days, f"on {then:%Y-%m-%d}")


def listing(
    chosen: Sequence[Exercise], states: dict[str, dict[str, State]], way: Sequence[Exercise], last: Attempt | None
) -> RenderableType:
    """Return exercises by part, with the learner's state on each device, and how far each part is done.

    `way` are all of which `chosen` are some.
    """
    table = Table(box=None, pad_edge=False, show_header=len(states) > 1, header_style="dim")
    for name, justify in (("", "right"), ("", "left"), ("", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for device in states:
        table.add_column(device)
    part = ""
    for each in chosen:
        if each.part != part:
            heading = _heading([other for other in way if other.part == each.part], states)
            table.add_row(*(Text("\n") + cell if part else cell for cell in heading))
            part = each.part
        here = [state(found[each.name]) for found in states.values()]
        table.add_row(f"{each.number:02}", each.title, f"{each.minutes} min", *here)
    return Group(table, *_feet(chosen, states, way, last))


def _heading(part: Sequence[Exercise], states: dict[str, dict[str, State]]) -> list[Text]:
    """Return the row above a part: its name, and a bar for each device."""
    left = minutes_left(part, next(iter(states.values())))
    name = Text.assemble((part[0].part, "bold"), (f"  {duration(left)} left" if left else "", "dim"))
    return [Text(), name, Text(), *(bar(part, found) for found in states.values())]


def bar(part: Sequence[Exercise], states: dict[str, State]) -> Text:
    """Return how much of a part is passed, as a bar and as a number."""
    done = sum(states[each.name] is State.PASSED for each in part)
    filled = BAR * done // len(part)
    return Text.assemble(("█" * filled, "green"), ("░" * (BAR - filled), "dim"), f" {done}/{len(part)}")


def minutes_left(exercises: Sequence[Exercise], states: dict[str, State]) -> int:
    """Return how long what is not passed takes, as its authors think."""
    return sum(each.minutes for each in exercises if states[each.name] is not State.PASSED)


def _feet(
    chosen: Sequence[Exercise], states: dict[str, dict[str, State]], way: Sequence[Exercise], last: Attempt | None
) -> list[Text]:
    passed = {device: sum(found[each.name] is State.PASSED for each in way) for device, found in states.items()}
    total = " · ".join(f"{count} of {len(way)} passed on {device}" for device, count in passed.items())
    if left := minutes_left(way, next(iter(states.values()))):
        total += f", about {duration(left)} left"
    found = [Text(f"\n{len(chosen)} of {len(way)} exercises found", style="dim")] if len(chosen) < len(way) else []
    return [*found, Text(f"{'' if found else chr(10)}{total}", style="dim"), *([last_time(last)] if last else [])]


def state(found: State) -> Text:
    """Return where a learner stands with one exercise as sign and word."""
    sign, colour = SIGNS[found]
    return Text(f"{sign} {found}", style=colour)
