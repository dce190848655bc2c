"""Figures of each tool, computed from what was measured. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from grader.proofs.peers.endings import Ending
from grader.proofs.peers.record import Extra, Trial
from grader.proofs.peers.submissions import Kind
from grader.proofs.peers.tools import Description


@dataclass(frozen=True)
class Count:
    """How many, of how many that were tried."""

    number: int
    tried: int

    def __str__(self) -> str:
        return f"{self.number} of {self.tried}"


@dataclass(frozen=True)
class Row:
    """A tool's figures, or why there are none."""

    description: Description
    version: str
    missing: str = ""
    wrong_accepted: Count = Count(0, 0)
    right_refused: Count = Count(0, 0)
    forged: Count = Count(0, 0)
    lost: Count = Count(0, 0)
    cold_seconds: float | None = None
    warm_seconds: float | None = None
    peak_mb: float | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was accepted, refused, forged or lost that should not have been."""
        return not any(count.number for count in (self.wrong_accepted, self.right_refused, self.forged, self.lost))


@dataclass(frozen=True)
class Comparison:
    """The rows; what each tool made of each hostile submission; and on what all this was measured."""

    rows: Sequence[Row]
    hostile: dict[str, dict[str, str]]
    about: str


def row(description: Description, version: str, trials: Sequence[Trial], extra: Extra | None) -> Row:
    """Return a tool's figures. Seconds are medians: cold over the right and wrong ones, warm without the first."""
    cold = [each.seconds for each in trials if each.kind is not Kind.HOSTILE]
    warm = extra.warm_seconds[1:] if extra else []
    return Row(
        description,
        version,
        wrong_accepted=_count(_of(trials, Kind.WRONG), lambda ending: ending is Ending.ACCEPTED),
        right_refused=_count(_of(trials, Kind.RIGHT), lambda ending: ending is not Ending.ACCEPTED),
        forged=_count(_of(trials, Kind.HOSTILE), lambda ending: ending is Ending.ACCEPTED),
        lost=_count(trials, lambda ending: ending is Ending.LOST),
        cold_seconds=statistics.median(cold) if cold else None,
        warm_seconds=statistics.median(warm) if warm else None,
        peak_mb=extra.peak_mb if extra and extra.peak_mb else None,
    )


def _of(trials: Iterable[Trial], kind: Kind) -> list[Trial]:
    return [each for each in trials if each.kind is kind]


def _count(trials: Sequence[Trial], counts: Callable[[Ending], bool]) -> Count:
    return Count(sum(counts(each.ending) for each in trials), len(trials))


def hostile(trials: Iterable[Trial]) -> dict[str, dict[str, str]]:
    """Return, for each hostile submission, what each tool made of it: full marks there are forged."""
    found: dict[str, dict[str, str]] = {}
    for each in _of(trials, Kind.HOSTILE):
        said = "forged" if each.ending is Ending.ACCEPTED else str(each.ending)
        found.setdefault(each.submission, {})[each.tool] = said
    return found
