"""Verdicts as Markdown, as GitHub shows it in the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grader.catalogue.misconceptions import misconceptions
from grader.reports.plain import facts
from grader.reports.pointed import OPEN
from grader.reports.telling import told_steps
from grader.reports.to_terminal import SIGNS
from grader.verdict import Outcome, StepResult, Verdict

MOST = 1_000_000  # bytes; GitHub takes a summary of 1 MiB
LEFT_OUT = "\nThe rest is left out, since a summary may not be longer.\n"


def to_markdown(verdicts: Sequence[Verdict]) -> str:
    """Return a section for each verdict: its steps as a table, then what is wrong with the first check of each."""
    whole = ""
    for part in (part for verdict in verdicts for part in _verdict(verdict)):
        if len(whole.encode()) + len(part.encode()) > MOST - len(LEFT_OUT):
            return whole + LEFT_OUT
        whole += f"{part}\n"
    return whole


def _verdict(verdict: Verdict) -> Iterator[str]:
    passed, total = verdict.score
    name = f"{verdict.exercise.partition('_')[0]} {verdict.title}, on {verdict.device}"
    yield f"## {_state(verdict.outcome)} · {name}\n\n{passed} of {total} steps passed\n"
    rows = [
        f"| `{each.name}` | {_state(each.outcome)} | {each.passed} of {len(each.checks)} |" for each in verdict.steps
    ]
    yield "\n".join(["| step | state | checks |", "| --- | --- | --- |", *rows, ""])
    for step in told_steps(verdict):
        yield from _step(step)


def _state(outcome: Outcome) -> str:
    return f"{SIGNS[outcome][0]} {outcome.replace('_', ' ')}"


def _step(step: StepResult) -> Iterator[str]:
    bad = next((each for each in step.checks if each.outcome not in (Outcome.PASSED, *OPEN)), None)
    if bad:
        yield f"### `{step.name}`\n\n{bad.headline}\n\n{_fenced(facts(bad))}\n"
        yield from _misconception(bad.misconception)


def _fenced(text: str) -> str:
    """Return a text as a block that ends where we end it, whatever is in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return f"{fence}text\n{text}\n{fence}"


def _misconception(name: str | None) -> Iterator[str]:
    if known := misconceptions().get(name or ""):
        yield f"> **{known.title}**\n>\n> {known.why}\n>\n> **Look:** {known.look}\n"
