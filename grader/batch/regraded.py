"""Whose result a regrade has changed, and why."""

from __future__ import annotations

from dataclasses import dataclass

from grader.batch.plan import why_changed
from grader.record.results import Results
from grader.record.rows import State, Submission
from grader.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Change:
    """A submission whose outcome is another now: in the steps that are listed, for what is named in `why`."""

    submission: Submission
    before: Verdict
    after: Verdict
    why: tuple[str, ...]

    @property
    def steps(self) -> list[str]:
        """Each step that ended differently: "build_four: passed → failed"."""
        earlier = {step.name: step.outcome for step in self.before.steps}
        return [
            f"{step.name}: {_word(earlier.get(step.name))} → {_word(step.outcome)}"
            for step in self.after.steps
            if earlier.get(step.name) != step.outcome
        ]


def _word(outcome: Outcome | None) -> str:
    return outcome.replace("_", " ") if outcome else "absent"


@dataclass(frozen=True)
class Regraded:
    """How many were graded anew, and which of them changed."""

    count: int
    changes: tuple[Change, ...]


def regraded(results: Results) -> Regraded | None:
    """Return what a regrade has changed; None as long as some of it is not graded yet."""
    planned = [each for each in results.plan() if each.before]
    found: list[Change] = []
    for each in planned:
        old, new = results.result(each.before), results.result(each.key)
        if new is None or new.state is not State.DONE:
            return None
        if old and old.verdict and new.verdict and _steps(old.verdict) != _steps(new.verdict):
            why = tuple(why_changed(old, new))
            found.append(Change(results.submission(each.submission), old.verdict, new.verdict, why))
    return Regraded(len(planned), tuple(found))


def _steps(verdict: Verdict) -> list[tuple[str, Outcome]]:
    return [(step.name, step.outcome) for step in verdict.steps]
