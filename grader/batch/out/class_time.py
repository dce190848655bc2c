"""How much time and how many attempts a class took, as far as rosters tell."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from grader.batch.out import charts
from grader.batch.out.facts import Fact
from grader.reports.markup import Node, tag

MOST_FILES = 8  # that have a column of their own


def time_of_class(facts: Sequence[Fact]) -> Iterator[Node]:
    """Yield how many files there were, when they came, and how long a grading took."""
    handed_in = Counter(fact.handed_in for fact in facts if fact.handed_in)
    counts = [(f"{count}", handed_in[count]) for count in range(1, max(handed_in, default=0) + 1)]
    if len(counts) > 1:
        yield charts.columns("Students by the files that they handed in for an exercise", _gathered(counts))
    else:
        yield tag("p", "Every student handed in one file for an exercise, as far as the roster tells.")
    early = [fact.hours_early for fact in facts if fact.hours_early is not None]
    if early:
        yield charts.columns("Submissions by the time before they were due", list(_before_due(early).items()))
    else:
        yield tag("p", "When it was handed in is not known, or nothing was due.")
    seconds = [fact.seconds for fact in facts if fact.graded]
    if seconds:
        yield tag("p", f"A grading took {statistics.median(seconds):.1f} s (median), the longest {max(seconds):.1f} s.")


def _gathered(counts: Sequence[tuple[str, int]], most: int = MOST_FILES) -> list[tuple[str, int]]:
    rest = sum(count for _, count in counts[most:])
    return [*counts[:most], *([(f"more than {most}", rest)] if rest else [])]


def _before_due(hours: Sequence[float]) -> dict[str, int]:
    bounds = {"late": 0.0, "last hour": 1.0, "last day": 24.0, "1-3 days": 72.0, "3-7 days": 168.0}
    counts = dict.fromkeys((*bounds, "earlier"), 0)
    for each in hours:
        counts[next((name for name, bound in bounds.items() if each < bound), "earlier")] += 1
    return counts
