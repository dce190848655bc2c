"""What a student is shown of a verdict, as the course says: withheld parts are gone, so that any report may be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from grader.batch.course import Visibility
from grader.verdict import CheckResult, Outcome, StepResult, Verdict

WITHHELD = "what happened is not shown here"


def at(visibility: Visibility, due: datetime | None, now: datetime) -> Visibility:
    """Return what is shown at a moment: `after due` becomes name or full. With no due date, it stays name."""
    if visibility is not Visibility.AFTER_DUE:
        return visibility
    return Visibility.FULL if due is not None and now >= due else Visibility.NAME


def to_student(verdict: Verdict, visibility: Mapping[str, Visibility], due: datetime | None, now: datetime) -> Verdict:
    """Return a verdict with what its student may see; a step of which nothing is said is shown in full."""
    shown = {name: at(each, due, now) for name, each in visibility.items()}
    steps = tuple(step_to_student(each, shown.get(each.name, Visibility.FULL)) for each in verdict.steps)
    return replace(verdict, steps=steps)


def step_to_student(step: StepResult, visibility: Visibility) -> StepResult:
    """Return a step with what is shown at name, difference or full."""
    if visibility is Visibility.FULL:
        return step
    if visibility is Visibility.DIFFERENCE:
        return replace(step, checks=tuple(replace(each, misconception=None) for each in step.checks))
    # One check stands for all: their names say what is asked, what they print may say with what.
    said = "" if step.outcome is Outcome.PASSED else WITHHELD
    return replace(step, checks=(CheckResult("all", "all that is asked of it", step.outcome, said),))
