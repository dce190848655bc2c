"""Verdicts as GitHub's workflow commands: an annotation at the learner's line for the first trouble of each step.

GitHub shows ten annotations of a kind for each step of a job, so that more of one step would hide those of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.catalogue.misconceptions import misconceptions
from grader.harmless import marked, one_line
from grader.reports.pointed import Place, places
from grader.verdict import Verdict


def to_github(verdicts: Sequence[Verdict]) -> str:
    """Return a line for each annotation; nothing where all passed."""
    first = {(place.file, place.step): place for place in reversed([*places(verdicts)])}
    return "".join(_annotation(place) for place in reversed(first.values()))


def _annotation(place: Place) -> str:
    kind = "error" if place.check else "notice"
    title = f"{place.step}: {place.check.headline}" if place.check else place.step
    at = f"file={_property(place.file)},line={place.line},title={_property(title)}"
    return f"::{kind} {at}::{_message(_text(place))}\n"


def _text(place: Place) -> str:
    known = misconceptions().get((place.check.misconception if place.check else "") or "")
    return "\n".join([marked(place.said), *([known.title, known.why, f"Look: {known.look}"] if known else [])])


def _message(text: str) -> str:
    """Return a text in which a line break is no end of the command, so that nothing in it begins another one."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(one_line(text)).replace(":", "%3A").replace(",", "%2C")
