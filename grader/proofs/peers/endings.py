"""What a tool made of a submission, read from the result that it left. Pure: text or rows in, an ending out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class Ending(StrEnum):
    """Full marks, fewer, or no result at all."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST = "lost"


def of_check50(text: str) -> Ending:
    """Read check50's JSON: accepted where every check passed; an error in place of results is none."""
    results = _document(text).get("results")
    if not isinstance(results, list) or not results:
        return Ending.LOST
    return _ending(all(_mapping(each).get("passed") is True for each in results))


def of_gradescope(text: str) -> Ending:
    """Read Gradescope's results.json, which otter writes, too: the score stands in it, or is the sum of the tests'."""
    document = _document(text)
    tests = [_mapping(each) for each in document.get("tests", ())]
    scores = [each["score"] for each in tests if "score" in each]
    if not scores and "score" not in document:
        return Ending.LOST
    expected = sum(each.get("max_score", 0) for each in tests)
    return _ending(0 < expected <= document.get("score", sum(scores)))


def of_nbgrader(grades: Iterable[tuple[float | None, float]]) -> Ending:
    """Read a gradebook's scores, each with the most that it can be; one that is missing was never given."""
    rows = list(grades)
    scores = [score for score, _ in rows if score is not None]
    if not rows or len(scores) < len(rows):
        return Ending.LOST
    return _ending(sum(scores) >= sum(most for _, most in rows))


def of_this_grader(text: str) -> Ending:
    """Read this grader's verdicts."""
    verdicts = _document(text).get("verdicts")
    if not isinstance(verdicts, list) or not verdicts:
        return Ending.LOST
    return _ending(all(_mapping(each).get("outcome") == "passed" for each in verdicts))


def _ending(full_marks: bool) -> Ending:
    return Ending.ACCEPTED if full_marks else Ending.REFUSED


def _document(text: str) -> dict[str, Any]:
    try:
        return _mapping(json.loads(text))
    except ValueError:
        return {}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
