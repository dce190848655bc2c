"""Verdicts as lines that begin with a place in a file, as compilers print them and editors read them."""

from __future__ import annotations

from collections.abc import Sequence

from grader.harmless import one_line
from grader.reports.pointed import Place, places
from grader.verdict import Verdict


def to_lines(verdicts: Sequence[Verdict]) -> str:
    """Return `FILE:LINE: error: step: what happened` for each check that did not pass, and `info` for open steps."""
    return "".join(dict.fromkeys(map(_line, places(verdicts))))


def _line(place: Place) -> str:
    severity = "error" if place.check else "info"
    named = f" ({place.check.misconception})" if place.check and place.check.misconception else ""
    return f"{place.file}:{place.line}: {severity}: {one_line(f'{place.step}: {place.said}{named}')}\n"
