"""What `watch` shows of a verdict: all steps, what changed, and the first thing to fix, most important first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from grader.catalogue.catalogue import Exercise
from grader.harmless import one_line
from grader.learning.changes import Change
from grader.learning.shown import to_taught
from grader.learning.taught import Lesson
from grader.learning.troubles import troubles
from grader.reports.to_terminal import also, state, steps_table, trouble
from grader.verdict import Verdict
from grader.vocabulary.words import shorten

MOST_SAID = 240  # letters of what happened, so that the first screen has room for what it means
KEYS = (
    ("n", "next exercise"), ("p", "previous exercise"), ("h", "a hint, level by level"),
    ("e", "explain the misconception"), ("v", "all details of the failure, or fewer again"),
    ("c", "compare with the solution"), ("t", "what it taught, once it passed"),
    ("l", "list, to pick one"), ("r", "reset the exercise; your text is kept"), ("d", "next device"),
    ("o", "open in your editor, at the line to mend"), ("g", "grade again"), ("esc", "back to the verdict"),
    ("↑ ↓", "scroll"), ("?", "these keys"), ("q", "quit"),
)  # fmt: skip


def verdict(
    found: Verdict, changed: Sequence[Change], following: Exercise | None, taught: Sequence[Lesson] = (), *,
    verbose: bool = False,
) -> RenderableType:  # fmt: skip
    """Return one verdict on one screen; `following` comes next, `taught` is what this one taught if it passed.

    `verbose` asks for all details of what did not pass.
    """
    parts: list[RenderableType] = [steps_table([found])]
    if changed:
        parts += [Text(), Text("Since the last save:", style="bold"), *_changed(changed)]
    parts += [Text(), _done(found, following, taught)] if found.passed else _to_mend(found, verbose=verbose)
    return Group(*parts)


def _changed(changed: Sequence[Change]) -> list[Text]:
    """Return a line for each kind of change, with the steps that changed so."""
    lines: dict[str, tuple[Text, list[str]]] = {}
    for change in changed:
        way = Text.assemble(state(change.before), " → ", state(change.after))
        if change.before is change.after:
            way = Text(f"{change.passed_before} → {change.passed_after} checks passed")
        lines.setdefault(way.plain, (way, []))[1].append(change.step)
    return [Text.assemble(f"  {', '.join(steps)}: ", way) for way, steps in lines.values()]


def _done(found: Verdict, following: Exercise | None, taught: Sequence[Lesson]) -> RenderableType:
    passed, total = found.score
    after = f"n goes on to {following.number:02} {following.title}." if following else "That was the last exercise."
    return Group(
        Text(f"★ Passed: {passed} of {total} steps, on {found.device}. ★", style="bold green"),
        Text(f"c shows how the solution does it, t how else it is done. {after}"),
        Text(),
        to_taught.lessons(taught),
    )


def _to_mend(found: Verdict, *, verbose: bool) -> list[RenderableType]:
    """Return the first trouble in full, the others in a line each; with nothing begun, where to begin."""
    all_troubles = troubles(found)
    if not all_troubles:
        return [Text(), Text.assemble("Next to write: ", (found.first_open_step, "bold"), ". h gives a hint.")]
    step, (check, *more) = all_troubles[0]
    heading = Text.assemble((step.name, "bold"), f"  {check.headline}")
    shown = check if verbose else replace(check, said=shorten(check.said, MOST_SAID))
    told = trouble(shown, found.submission, brief=True, verbose=verbose)
    others = [Text(f"also {each.name}: {one_line(bad[0].said)}", style="dim") for each, bad in all_troubles[1:]]
    return [Rule(style="dim"), heading, Padding(Group(told, *also(more)), (0, 0, 0, 2)), *others]


def keys() -> RenderableType:
    """Return what each key does."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", min_width=5)
    for key, does in KEYS:
        table.add_row(key, does)
    return table
