"""What changed from one verdict to the next."""

from __future__ import annotations

from dataclasses import dataclass

from grader.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Change:
    """A step that ended otherwise than before, or in which more or fewer checks passed."""

    step: str
    before: Outcome
    after: Outcome
    passed_before: int
    passed_after: int


def changes(before: Verdict | None, after: Verdict) -> list[Change]:
    """Return what changed, in the order of the steps; nothing where the two are not about the same."""
    if before is None or (before.exercise, before.device) != (after.exercise, after.device):
        return []
    return [
        Change(new.name, old.outcome, new.outcome, old.passed, new.passed)
        for old, new in zip(before.steps, after.steps, strict=True)
        if (old.outcome, old.passed) != (new.outcome, new.passed)
    ]
