"""The misconception that an exception names by itself, where a check has no name for it."""

from __future__ import annotations

from grader.catalogue.recognised import Origin, recognise
from grader.sandbox.shared.seen import SeenException


def named_by(exception: SeenException) -> str | None:
    """Return the misconception that what was raised names, None for none."""
    line = exception.lines[-1].text if exception.lines else ""
    origin = Origin.OWN if exception.own else Origin.ANYWHERE
    return recognise((exception.type_name, *exception.bases), exception.message, line, origin)


def named_by_text(text: str) -> str | None:
    """Return the misconception that the text of an exception names, which a probe has caught around a call."""
    return recognise((), text, "", Origin.CALL)
