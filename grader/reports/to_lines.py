"""Verdicts as lines that begin with a place in a file, as compilers print them and editors read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.harmless import one_line
from grader.verdict import Outcome, StepResult, Verdict

OPEN = (Outcome.NOT_STARTED, Outcome.BLOCKED, Outcome.UNAVAILABLE)  # nothing is wrong there yet


def to_lines(verdicts: Sequence[Verdict]) -> str:
    """Return `FILE:LINE: error: step: what happened` for each check that did not pass, and `info` for open steps."""
    found = (line for verdict in verdicts for step in verdict.steps for line in _lines(verdict, step))
    return "".join(dict.fromkeys(found))


def _lines(verdict: Verdict, step: StepResult) -> Iterator[str]:
    if step.outcome in OPEN:
        yield _line(verdict, step.line, "info", f"{step.name}: {step.outcome.replace('_', ' ')}")
        return
    for check in step.checks:
        if check.outcome is not Outcome.PASSED:
            at = check.lines[-1].number if check.lines else step.line
            named = f" ({check.misconception})" if check.misconception else ""
            yield _line(verdict, at, "error", f"{step.name}: {check.said or check.headline}{named}")


def _line(verdict: Verdict, number: int, severity: str, said: str) -> str:
    return f"{verdict.submission}:{max(number, 1)}: {severity}: {one_line(said)}\n"
