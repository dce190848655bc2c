"""Whose troubles are told of a verdict: those of its steps, or those of the file that could not be imported at all."""

from __future__ import annotations

from dataclasses import replace

from grader.verdict import LOADING, Outcome, StepResult, Verdict

FILE = "your file"
NOT_IMPORTED = "could not be imported, so no step of it ran"


def told_steps(verdict: Verdict) -> tuple[StepResult, ...]:
    """Return the steps to tell of; where every check met the same, which need be said once only, a single one.

    What stops the file itself is then not told as the failure of a step, whose checks have not even begun.
    """
    if not is_unloadable(verdict):
        return verdict.steps
    step = verdict.steps[0]
    check = step.checks[0]
    if check.called != LOADING:
        return (step,)
    return (replace(step, name=FILE, line=0, checks=(replace(check, headline=NOT_IMPORTED),)),)


def is_unloadable(verdict: Verdict) -> bool:
    """Return whether every check met the same: a file that cannot be imported, which need be said once only."""
    outcomes = {step.outcome for step in verdict.steps}
    said = {(check.outcome, check.said, check.called) for step in verdict.steps for check in step.checks}
    return len(outcomes) == len(said) == 1 and verdict.outcome is not Outcome.PASSED
