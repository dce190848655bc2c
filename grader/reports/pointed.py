"""Where in a learner's file to look: a place for each check that did not pass, and for each step that is still open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.reports.telling import told_steps
from grader.verdict import CheckResult, Outcome, StepResult, Verdict

OPEN = (Outcome.NOT_STARTED, Outcome.BLOCKED, Outcome.UNAVAILABLE)  # nothing is wrong there yet


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1, and what is to be said there; an open step has no check."""

    file: str
    line: int
    step: str
    said: str
    check: CheckResult | None = None


def places(verdicts: Sequence[Verdict]) -> Iterator[Place]:
    """Yield every place, in the order of the steps."""
    for verdict in verdicts:
        for step in told_steps(verdict):
            yield from _of_step(verdict, step)


def _of_step(verdict: Verdict, step: StepResult) -> Iterator[Place]:
    if step.outcome in OPEN:
        yield Place(verdict.submission, max(step.line, 1), step.name, step.outcome.replace("_", " "))
        return
    for check in step.checks:
        if check.outcome is not Outcome.PASSED:
            at = check.lines[-1].number if check.lines else step.line
            yield Place(verdict.submission, max(at, 1), step.name, check.said or check.headline, check)
