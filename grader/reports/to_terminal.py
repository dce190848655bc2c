"""Verdicts for a terminal, as rich renderables. A state is a sign and a word, never a colour alone."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from grader.catalogue.misconceptions import misconceptions
from grader.harmless import marked
from grader.reports import picture
from grader.reports.links import DIM, to_file
from grader.reports.telling import FILE, told_steps
from grader.verdict import CheckResult, Outcome, StepResult, Verdict

SIGNS = {
    Outcome.PASSED: ("✓", "green"), Outcome.FAILED: ("✗", "red"), Outcome.NOT_STARTED: ("○", "blue"),
    Outcome.RAISED: ("✗", "red"), Outcome.TIMEOUT: ("✗", "red"), Outcome.CRASHED: ("✗", "red"),
    Outcome.REFUSED: ("✗", "magenta"), Outcome.BLOCKED: ("·", "yellow"), Outcome.UNAVAILABLE: ("?", "yellow"),
}  # fmt: skip
ALSO = {
    Outcome.TIMEOUT: "also timed out", Outcome.NOT_STARTED: "not written yet", Outcome.BLOCKED: "not run yet",
    Outcome.UNAVAILABLE: "also unavailable",
}  # fmt: skip
MAX_PRINTED_LINES = 12
MAX_PRINTED_LETTERS = 2000  # of one line
WEAKER = "The sandbox is weaker here than on Linux with Landlock; see README."


def state(outcome: Outcome) -> Text:
    """Return an outcome as sign and word."""
    sign, colour = SIGNS[outcome]
    return Text(f"{sign} {outcome.replace('_', ' ')}", style=colour)


def report(verdicts: Sequence[Verdict], about: str = "", *, verbose: bool = False) -> RenderableType:
    """Return all of one run: one exercise in full, on one device or side by side on several.

    Where a step is named, only its troubles are told. With `verbose`, every check that did not pass is told in full,
    and so is what it called.
    """
    parts: list[RenderableType] = [_title(verdicts[0]), steps_table(verdicts), Text()]
    for verdict in verdicts:
        printed: set[str] = set()
        for step in (each for each in told_steps(verdict) if about in ("", each.name) or each.name == FILE):
            parts += _troubles(verdict, step, several=len(verdicts) > 1, verbose=verbose)
            parts += _prints(step, printed, verbose=verbose)
    return Group(*parts, *(_foot(verdict) for verdict in verdicts))


def _title(verdict: Verdict) -> Text:
    number = verdict.exercise.partition("_")[0]
    file = (verdict.submission, DIM + to_file(verdict.submission))
    return Text.assemble("\n", (f"{number} {verdict.title}", "bold"), "   ", file, "\n", overflow="fold")


def steps_table(verdicts: Sequence[Verdict]) -> Table:
    """Return a line for each step, with a column for each device."""
    table = Table(box=None, pad_edge=False, show_header=len(verdicts) > 1, header_style="dim")
    table.add_column("step", min_width=24)
    for verdict in verdicts:
        table.add_column(verdict.device, min_width=14)
    if len(verdicts) == 1:
        table.add_column("checks")
    for steps in zip(*(verdict.steps for verdict in verdicts), strict=True):
        row: list[RenderableType] = [Text(f"  {steps[0].name}"), *(state(step.outcome) for step in steps)]
        if len(verdicts) == 1:
            row.append(Text(steps[0].counted, style="dim"))
        table.add_row(*row)
    return table


def _troubles(verdict: Verdict, step: StepResult, *, several: bool, verbose: bool) -> list[RenderableType]:
    """Return what a learner can act on: the most telling failure of a step in full, with `verbose` every one."""
    bad, shown = _bad(step), _shown(step, verbose=verbose)
    parts: list[RenderableType] = []
    for check in shown:
        where = f" on {verdict.device}" if several else ""
        heading = Text.assemble((f"{step.name}{where}", "bold"), f"  {check.headline}")
        shown_here = trouble(check, verdict.submission, verbose=verbose)
        parts += [Rule(style="dim"), heading, Padding(shown_here, (0, 0, 0, 2))]
    if bad:
        parts += [Padding(line, (0, 0, 0, 2)) for line in also([check for check in bad if check not in shown])]
        parts.append(Text())
    return parts


def _bad(step: StepResult) -> list[CheckResult]:
    """Return the checks of a step that did not pass, where it was begun."""
    quiet = step.outcome in (Outcome.BLOCKED, Outcome.NOT_STARTED)
    return [] if quiet else [check for check in step.checks if check.outcome is not Outcome.PASSED]


def _shown(step: StepResult, *, verbose: bool) -> list[CheckResult]:
    """Return which of them are told in full."""
    bad = _bad(step)
    return [check for check in bad if check.outcome is not Outcome.BLOCKED] if verbose else bad[:1]


def _prints(step: StepResult, told: set[str], *, verbose: bool) -> list[RenderableType]:
    """Return what was printed in checks that are not told in full, where none of those printed anything.

    Each text is there once in a report, those in `told` having been: what the file prints comes with every check.
    """
    shown = {check.printed for check in _shown(step, verbose=verbose) if check.printed}
    first = {} if shown else {check.printed: check for check in reversed(step.checks) if check.printed}
    new = [check for text, check in reversed(first.items()) if text not in told]
    told |= shown | first.keys()
    return [*map(_printed, new), *([Text()] if new else [])]


def also(others: Sequence[CheckResult]) -> list[Text]:
    """Return a line for each check that did not pass either, and is not shown in full."""
    return [
        Text(f"{ALSO.get(check.outcome, f'also {check.outcome}')}: {check.headline}", style="dim") for check in others
    ]


def trouble(check: CheckResult, submission: str, *, brief: bool = False, verbose: bool = False) -> RenderableType:
    """Return what is to be known of a check that did not pass; with `verbose`, also what was called with what.

    Lines are those of the file `submission`. With `brief`, what to look at stands before the facts, for a screen that
    may end below it.
    """
    sign, colour = SIGNS[check.outcome]
    first, *more = marked(f"{sign} {check.outcome}: {check.said}").split("\n")
    said = Group(Text(first, style=colour), *(_Marked(Text(line.removeprefix("│ "), colour), "│ ") for line in more))
    title, why, look = _misconception(check.misconception)
    facts = [_facts(check, submission, verbose=verbose)]
    parts: list[RenderableType] = [said, *title, *look, *facts, *why] if brief else [said, *facts, *title, *why, *look]
    if check.difference and check.difference.picture:
        parts += [Text(), picture.Shown(check.difference.picture)]
    if check.printed:
        parts.append(_printed(check))
    return Group(*parts)


def _facts(check: CheckResult, submission: str, *, verbose: bool) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", min_width=7)
    facts.add_column(overflow="fold")
    for name, value in (
        ("called", check.called),
        ("with", check.details if verbose else ""),
        ("got", check.got),
        ("expected", check.expected),
        ("differs", check.detail),
        ("note", check.difference.pattern if check.difference else ""),
        ("graph", "\n".join(check.graphs.got) if check.graphs else ""),
        ("instead of", "\n".join(check.graphs.expected) if check.graphs else ""),
    ):
        if value:
            facts.add_row(name, Text(value))
    # A comprehension and a recursion run the same line in several frames.
    for number, text in dict.fromkeys((line.number, line.text.strip()) for line in check.lines):
        facts.add_row(Text(f"line {number}", style=to_file(submission, number)), Text(text))
    return facts


def _misconception(name: str | None) -> tuple[list[Text], list[Text], list[Text]]:
    """Return title, reason and what to look at; nothing of a misconception that this version does not know."""
    known = misconceptions().get(name or "")
    if known is None:
        return [], [], []
    title = Text.assemble(("\n" + known.title, "bold"), (f"   {known.id}", "dim"))
    return [title], [Text(known.why)], [Text.assemble(("Look: ", "bold"), known.look)]


def _printed(check: CheckResult) -> RenderableType:
    lines = _without_gaps(check.printed.strip("\n").splitlines())
    more = [f"… {len(lines) - MAX_PRINTED_LINES} more lines"] if len(lines) > MAX_PRINTED_LINES else []
    text = Text("\n".join([*map(_cut, lines[:MAX_PRINTED_LINES]), *more]))
    return Group(Padding(Text(f"printed during “{check.headline}”", style="dim"), (0, 0, 0, 2)), _Marked(text))


def _without_gaps(lines: Sequence[str]) -> list[str]:
    """Return lines with one empty line where several follow each other, which would take the room of what is said."""
    return [line for at, line in enumerate(lines) if line.strip() or (at and lines[at - 1].strip())]


def _cut(line: str) -> str:
    line = line.expandtabs()  # rich takes seconds for a line of thousands of tabs
    return line if len(line) <= MAX_PRINTED_LETTERS else f"{line[:MAX_PRINTED_LETTERS]} …"


class _Marked:
    """A text in which every line bears a mark, also one that begins where a longer line had to be broken."""

    def __init__(self, text: Text, mark: str = "  │ ") -> None:
        self._text = text
        self._mark = Text(mark, text.style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._text.wrap(console, max(options.max_width - len(self._mark), 1), overflow="fold"):
            yield self._mark + line


def is_weaker(verdict: Verdict) -> bool:
    """Return whether a part of the sandbox was not in force."""
    in_force = verdict.isolation
    return not {"rlimits", "seccomp"} <= set(in_force) or not any("landlock" in part for part in in_force)


def _foot(verdict: Verdict) -> RenderableType:
    if verdict.outcome is Outcome.UNAVAILABLE:
        return Text(f"{verdict.said}: not graded there, so not passed there.", style="yellow")
    passed, total = verdict.score
    sign, colour = SIGNS[verdict.outcome]
    head = Text.assemble((f"{sign} {passed} of {total} steps passed", f"bold {colour}"), f" on {verdict.device}")
    isolation = ", ".join(verdict.isolation) or "a process of its own"
    how = f"seed {verdict.seed} · {verdict.seconds:.2f} s · isolation: {isolation}"
    warning = Text(WEAKER, style="yellow") if is_weaker(verdict) else None
    again = Text(f"Repeat this exact run with --seed {verdict.seed}.", style="dim") if not verdict.passed else None
    return Group(head, Text(how, style="dim"), *(part for part in (warning, again) if part))


def summary(verdicts: Sequence[Verdict]) -> RenderableType:
    """Return one line for each exercise: for `all`."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("exercise", "device", "state", "steps", "first to fix", "seconds"):
        table.add_column(name, justify="right" if name == "seconds" else "left", overflow="fold")
    for verdict in verdicts:
        passed, total = verdict.score
        table.add_row(
            verdict.exercise, verdict.device, state(verdict.outcome), f"{passed} of {total}",
            verdict.first_open_step, f"{verdict.seconds:.2f}",
        )  # fmt: skip
    done = sum(verdict.passed for verdict in verdicts)
    return Group(table, Text(f"\n{done} of {len(verdicts)} passed", style="bold"))
