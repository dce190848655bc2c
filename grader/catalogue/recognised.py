"""Which exceptions name a misconception by themselves, in whatever exercise they come up."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from grader.catalogue import places


class Origin(StrEnum):
    """Where an exception came from; each row of the table says which of them it takes."""

    OWN = "own"  # it left the learner's own code
    CALL = "call"  # a probe caught it around a call, so that only its text is left
    ANYWHERE = "anywhere"  # a check or a probe met it as it went on with what the learner's code had made


# A row that takes less certain origins takes the more certain ones as well.
SUREST_FIRST = (Origin.OWN, Origin.CALL, Origin.ANYWHERE)


@dataclass(frozen=True)
class Recognised:
    """One row of recognised.toml, whose head says what each column means."""

    exception: str
    message: str
    misconception: str
    raised_by: str
    where: str = Origin.CALL
    line: str = ""
    needs: str = ""

    def fits(self, kinds: Collection[str], message: str, line: str, origin: Origin) -> bool:
        """Return whether the row takes an exception of these classes; none at all are those of a mere text."""
        if SUREST_FIRST.index(origin) > SUREST_FIRST.index(Origin(self.where)):
            return False
        if kinds and not set(self.exception.split("|")) & set(kinds):
            return False
        return bool(re.search(self.message, message)) and bool(re.search(self.line, line))


@functools.cache
def rows() -> tuple[Recognised, ...]:
    """Return the table, the more specific rows first."""
    with (places.curriculum().tables / "recognised.toml").open("rb") as file:
        return tuple(Recognised(**row) for row in tomllib.load(file)["row"])


def recognise(kinds: Collection[str], message: str, line: str, origin: Origin) -> str | None:
    """Return the misconception that an exception names, None for none.

    `kinds` are its class and those that this one derives from, `line` is the learner's last line on the way to it.
    """
    fitting = (row.misconception for row in rows() if row.fits(kinds, message, line, origin))
    return next(fitting, None)
