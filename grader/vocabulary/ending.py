"""How a check stops short of passing: one exception, which carries what the learner is told."""

from __future__ import annotations

from typing import Any

from grader.sandbox.shared.seen import Called
from grader.verdict import Difference, Graphs, Outcome, SourceLine

NOTHING_CALLED = Called()


class Ending(Exception):
    """The end of a check that did not pass. Its fields are those of a CheckResult.

    `recognised` is the misconception that an exception names by itself; it counts where no check of the step has a
    name of its own. `about` is what a check began to ask about, where that is no whole Seen: a part of one, perhaps.
    """

    def __init__(
        self,
        outcome: Outcome,
        said: str,
        *,
        called: Called = NOTHING_CALLED,
        got: str = "",
        expected: str = "",
        detail: str = "",
        misconception: str | None = None,
        recognised: str | None = None,
        lines: tuple[SourceLine, ...] = (),
        difference: Difference | None = None,
        graphs: Graphs | None = None,
        about: Any = None,
    ) -> None:
        super().__init__(said)
        self.outcome = outcome
        self.said = said
        self.called = called
        self.got = got
        self.expected = expected
        self.detail = detail
        self.misconception = misconception
        self.recognised = recognised
        self.lines = lines
        self.difference = difference
        self.graphs = graphs
        self.about = about
