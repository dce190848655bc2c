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
    def played(self) -> tuple[tuple[str, str], ...]:
        """What is typed in the session, each input with what it prints as the session has it, in order."""
        return played(misconceptions()[self.misconception].example)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is typed in the session, in order, each input without a line end."""
        return tuple(typed for typed, _ in self.played)

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
def played(session: str) -> tuple[tuple[str, str], ...]:
    """Return what is typed in a session and what is printed, an exception as its class and its text."""
    found = doctest.DocTestParser().get_examples(session)
    return tuple((each.source.rstrip("\n"), _said(each)) for each in found)


def _said(example: doctest.Example) -> str:
    if example.exc_msg is None:
        return example.want.rstrip("\n")
    return example.exc_msg.rstrip("\n").removeprefix(f"{example.exc_msg.partition(':')[0].rpartition('.')[0]}.")


def without_comment(line: str) -> str:
    """Return a line of Python without the comment at its end, which may give an answer away."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(line).readline):
            if token.type == tokenize.COMMENT:
                return line[: token.start[1]].rstrip()
    except (tokenize.TokenError, IndentationError):
        pass  # the first line of a block, whose comment was found before this if it has one
    return line.rstrip()
