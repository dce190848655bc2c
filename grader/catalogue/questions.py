"""What a session asks in a drill: which output is left out, and what somebody with the misconception would say."""

from __future__ import annotations

import doctest
import functools
import io
import tokenize
import tomllib
from dataclasses import dataclass

from grader.catalogue import places
from grader.catalogue.misconceptions import misconceptions


@dataclass(frozen=True)
class Question:
    """What the session of a misconception asks: the output of its line `asks`, or of a later one that reads the same.

    `believed` holds the answers that fit the misconception, `choice` tells that nobody can work the answer out by
    themselves. Where a session asks nothing, `silent` says why.
    """

    misconception: str
    asks: str = ""
    occurrence: int = 1
    believed: tuple[str, ...] = ()
    choice: bool = False
    silent: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is typed in the session, in order, each input without a line end."""
        return inputs(misconceptions()[self.misconception].example)

    @property
    def place(self) -> int:
        """Which of the inputs is asked about, counted from 0; -1 where there is no such line."""
        lines = [without_comment(each.partition("\n")[0]) for each in self.inputs]
        found = [place for place, line in enumerate(lines) if self.asks and line == self.asks]
        return found[self.occurrence - 1] if len(found) >= self.occurrence else -1


@functools.cache
def questions() -> dict[str, Question]:
    """Return what the session of each misconception asks, by the misconception's id."""
    with (places.curriculum().tables / "questions.toml").open("rb") as file:
        rows = tomllib.load(file)
    return {name: Question(name, **row | {"believed": tuple(row.get("believed", ()))}) for name, row in rows.items()}


@functools.lru_cache(maxsize=1024)
def inputs(session: str) -> tuple[str, ...]:
    """Return what is typed in a session, in order."""
    return tuple(each.source.rstrip("\n") for each in doctest.DocTestParser().get_examples(session))


def without_comment(line: str) -> str:
    """Return a line of Python without the comment at its end, which may give an answer away."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            if token.type == tokenize.COMMENT:
                return line[: token.start[1]].rstrip()
    except (tokenize.TokenError, IndentationError):
        pass  # the first line of a block, whose comment was found before this if it has one
    return line.rstrip()
