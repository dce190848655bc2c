"""What happened in a step as plain text, for systems that show nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from grader.catalogue.misconceptions import misconceptions
from grader.harmless import harmless, marked
from grader.reports import picture
from grader.reports.pointed import OPEN
from grader.verdict import CheckResult, Difference, Outcome, StepResult

MOST_PRINTED = 2000  # letters


def step_text(step: StepResult) -> str:
    """Return what came of a step: how many checks passed, then each that did not, with what is known of it."""
    counted = f"{step.outcome.replace('_', ' ')}: {step.counted} passed"
    bad = [] if step.outcome in OPEN else [each for each in step.checks if each.outcome is not Outcome.PASSED]
    return "\n\n".join([counted, *map(check_text, bad)])


def check_text(check: CheckResult) -> str:
    """Return what happened in a check that did not pass."""
    return "\n".join([check.headline, facts(check), *_misconception(check.misconception), *_printed(check)])


def facts(check: CheckResult) -> str:
    """Return what was called, what came back, how it differs, and in which lines of the learner's."""
    found = check.difference or Difference()
    named = {"called": check.called, "with": check.details, "got": check.got, "expected": check.expected,
             "differs": check.detail, "note": found.pattern}  # fmt: skip
    lines = dict.fromkeys((line.number, line.text) for line in check.lines)
    return harmless("\n".join([
        marked(f"{check.outcome}: {check.said}"),
        *(f"{name:<9} {value}" for name, value in named.items() if value),
        *(f"line {number}: {text}" for number, text in lines),
        *(picture.lines(found.picture) if found.picture else ()),
        *(("graph", *check.graphs.got, "instead of", *check.graphs.expected) if check.graphs else ()),
    ]))  # fmt: skip


def _misconception(name: str | None) -> Iterator[str]:
    if known := misconceptions().get(name or ""):
        yield f"Misconception: {known.title}\n{known.why}\nLook: {known.look}"


def _printed(check: CheckResult) -> Iterator[str]:
    if check.printed.strip():
        yield marked(f"printed:\n{check.printed[:MOST_PRINTED].rstrip()}")
