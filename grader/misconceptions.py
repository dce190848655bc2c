"""What learners are known to believe: id → title, why it is not so, and what to look at."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError

FILE = Path(__file__).with_name("misconceptions.toml")


@dataclass(frozen=True)
class Misconception:
    """One misconception; `why` explains, `look` asks, neither gives the answer away."""

    id: str
    title: str
    why: str
    look: str


@functools.cache
def misconceptions() -> dict[str, Misconception]:
    """Return every misconception by id."""
    with FILE.open("rb") as file:
        return {name: Misconception(name, **texts) for name, texts in tomllib.load(file).items()}


def find(name: str) -> Misconception:
    """Return the misconception with this id; raise UsageError for none."""
    try:
        return misconceptions()[name]
    except KeyError:
        raise UsageError(f"no misconception is called {name!r}") from None
