"""Verdicts as the `results.json` of PrairieLearn: a score from 0 to 1, and a test for each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from grader.batch import visible
from grader.elsewhere.graded import Graded
from grader.reports.plain import step_text

MOST = 800_000  # bytes of all that tests say; PrairieLearn takes 1 MiB in all
CUT = " …"


def results(graded: Sequence[Graded], now: datetime) -> dict[str, Any]:
    """Return the document; where there was nothing to grade, it costs the student no attempt."""
    most = sum(each.assignment.most for each in graded)
    got = sum(sum(each.points.values()) for each in graded)
    said = [each.said for each in graded if each.said]
    if not any(each.verdict for each in graded):
        return {"gradable": False, "format_errors": said}
    each_may_say = MOST // sum(len(each.assignment.exercise.steps) for each in graded)
    tests = [test for each in graded for test in _tests(each, now, each_may_say)]
    return {"gradable": True, "score": got / most if most else 0.0, "message": "\n".join(said), "tests": tests}


def _tests(graded: Graded, now: datetime, may_say: int) -> Iterator[dict[str, Any]]:
    assignment, steps = graded.assignment, {each.name: each for each in graded.verdict.steps} if graded.verdict else {}
    for name in assignment.exercise.steps:
        said = graded.said
        if name in steps:
            seen = visible.at(assignment.visibility[name], assignment.due, now)
            said = step_text(visible.step_to_student(steps[name], seen))
        yield {
            "name": f"{assignment.exercise.number:02} {assignment.exercise.title}: {name}",
            "points": graded.points[name],
            "max_points": assignment.points[name],
            "output": _cut(said, may_say),
        }


def _cut(text: str, most: int) -> str:
    held = text.encode()
    return text if len(held) <= most else held[: most - len(CUT.encode())].decode(errors="ignore") + CUT
