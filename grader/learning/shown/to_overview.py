"""Where a learner stands, what an audit found, what state the machine is in: as rich renderables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.catalogue.catalogue import Exercise
from grader.doctor import Finding, Health
from grader.proofs.findings import Findings
from grader.record.progress import State

SIGNS = {
    State.PASSED: ("✓", "green"), State.STALE: ("~", "yellow"),
    State.IN_WORK: ("…", "cyan"), State.NOT_STARTED: ("○", "blue"),
}  # fmt: skip
HEALTH_SIGNS = {Health.OK: ("✓", "green"), Health.WARNING: ("!", "yellow"), Health.BROKEN: ("✗", "red")}


def overview(states: dict[str, State], left: Sequence[Exercise], file: Path | None) -> RenderableType:
    """Return where the learner stands and what is next: the first exercise that is left, which is in `file`."""
    lines = [Text(f"{len(states) - len(left)} of {len(states)} exercises passed", style="bold")]
    if left:
        first, number = left[0], f"{left[0].number:02}"
        lines.append(Text(f"\nNext: {number} {first.title} ({states[first.name]}, about {first.minutes} minutes)"))
        lines.append(Text(f"  edit   {file}\n  grade  python -m grader exercise {number}"))
    else:
        lines.append(Text("\nAll of them. `python -m grader all` grades everything once more."))
    lines.append(Text("\n`python -m grader list` shows all exercises, `--help` all commands.", style="dim"))
    return Group(*lines)


def listing(exercises: Sequence[Exercise], states: dict[str, dict[str, State]]) -> RenderableType:
    """Return every exercise by part, with its length and the learner's state on each device."""
    table = Table(box=None, pad_edge=False, show_header=len(states) > 1, header_style="dim")
    for name, justify in (("", "right"), ("", "left"), ("", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for device in states:
        table.add_column(device)
    part = ""
    for each in exercises:
        if each.part != part:
            table.add_row("", Text(f"\n{each.part}" if part else each.part, style="bold"))
            part = each.part
        here = [state(found[each.name]) for found in states.values()]
        table.add_row(f"{each.number:02}", each.title, f"{each.minutes} min", *here)
    passed = {device: sum(each is State.PASSED for each in found.values()) for device, found in states.items()}
    total = " · ".join(f"{count} of {len(exercises)} passed on {device}" for device, count in passed.items())
    return Group(table, Text(f"\n{total}", style="dim"))


def state(found: State) -> Text:
    """Return where a learner stands with one exercise as sign and word."""
    sign, colour = SIGNS[found]
    return Text(f"{sign} {found}", style=colour)


def audit(found: Sequence[Findings], stray: Sequence[str], seeds: Sequence[int]) -> RenderableType:
    """Return what an audit found: counts for each exercise and in all, and every problem in words."""
    lines = [*(f"{each.exercise}: {text}" for each in found for text in each.texts), *stray]
    clean = "Every wrong answer was refused for its own reason, and every right one accepted."
    end = Text("\n".join(lines) or clean, style="red" if lines else "green")
    tried = f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds, {seeds[0]} to {seeds[-1]}"
    return Group(_counted(found), Text(), end, Text(_changed(found)), Text(tried, style="dim"))


def _counted(found: Sequence[Findings]) -> Table:
    rows = [
        (each.checks, each.wrong, each.right, len(each.wrong_accepted), len(each.right_refused), len(each.problems))
        for each in found
    ]
    table = Table(box=None, pad_edge=False, header_style="dim", show_footer=len(found) > 1, footer_style="bold")
    table.add_column("exercise", f"{len(found)} exercises", no_wrap=True)
    names = ("checks", "wrong\nanswers", "right\nanswers", "wrong\naccepted", "right\nrefused", "problems")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        table.add_column(name, str(sum(column)), justify="right", vertical="bottom")
    for each, (*good, accepted, refused, problems) in zip(found, rows, strict=True):
        bad = [Text(str(count), style="red" if count else "green") for count in (accepted, refused, problems)]
        table.add_row(each.exercise, *map(str, good), *bad)
    return table


def _changed(found: Sequence[Findings]) -> str:
    total, same = sum(each.mutants for each in found), sum(each.equivalent for each in found)
    if not total:
        return ""
    survived = sum(len(each.mutants_accepted) for each in found)
    return f"{total} changed solutions: {survived} accepted, {same} listed as meaning the same ({same / total:.1%})"


def examination(found: Sequence[Finding]) -> RenderableType:
    """Return what was found on this machine, one line for each thing."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in found:
        sign, colour = HEALTH_SIGNS[each.health]
        todo = Text(f"\n→ {each.todo}" if each.todo else "", style=colour)
        said = Text.assemble(each.said, todo, overflow="fold")
        table.add_row(Text(f"{sign} {each.health}", style=colour, no_wrap=True), each.what, said)
    return Group(table, _conclusion(found))


def _conclusion(found: Sequence[Finding]) -> Text:
    broken, warnings = (
        [each.what for each in found if each.health is health] for health in (Health.BROKEN, Health.WARNING)
    )
    if broken:
        return Text(f"\nBroken: {', '.join(broken)}. Lines with → say what to do.", style="bold")
    if warnings:
        return Text(f"\nEverything that is needed works. Warnings: {', '.join(warnings)}.", style="bold")
    return Text("\nAll is well.", style="bold")
