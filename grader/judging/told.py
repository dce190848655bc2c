"""What a learner is told of a check: harmless, and never without end, whatever the submission has sent."""

from __future__ import annotations

from dataclasses import replace

from grader.catalogue.catalogue import Check
from grader.harmless import harmless, one_line
from grader.harmless import printed as as_printed
from grader.verdict import CheckResult, Graphs, Outcome
from grader.vocabulary.ending import Ending
from grader.vocabulary.words import shorten

MAX_SHOWN = 4000  # letters of anything that is told of a check


def told(check: Check, ending: Ending | None, printed: str, seconds: float) -> CheckResult:
    """Return how a check ended; with no ending, it passed."""
    printed = as_printed(printed)
    if ending is None:
        return CheckResult(check.name, check.headline, Outcome.PASSED, printed=printed, seconds=seconds)
    said, called, got, expected, detail, details = map(_fit, (
        ending.said, ending.called.said, ending.got, ending.expected, ending.detail, ending.called.details
    ))  # fmt: skip
    lines = tuple(replace(line, text=harmless(line.text), function=harmless(line.function)) for line in ending.lines)
    return CheckResult(
        check.name, check.headline, ending.outcome, said, called, got, expected, detail, ending.misconception, lines,
        printed, seconds, ending.difference and replace(ending.difference, pattern=_fit(ending.difference.pattern)),
        details, ending.graphs and _graphs(ending.graphs),
    )  # fmt: skip


def _graphs(found: Graphs) -> Graphs:
    return Graphs(tuple(map(one_line, found.got)), tuple(map(one_line, found.expected)))


def _fit(text: str) -> str:
    """Return a text that can be shown: harmless, and not without end."""
    return harmless(shorten(text.expandtabs(4), MAX_SHOWN))
