"""What learners are known to believe: id → title, why it is not so, and what to look at."""

from __future__ import annotations

import difflib
import functools
import tomllib
from dataclasses import dataclass

from grader.called import program
from grader.catalogue import places
from grader.errors import UsageError


@dataclass(frozen=True)
class Misconception:
    """One misconception; `why` explains, `look` asks, neither gives the answer away."""

    id: str
    title: str
    why: str
    look: str

    @property
    def example(self) -> str:
        """A Python session that shows it, as doctest reads it; empty where none is written yet."""
        return self._file.partition("Read on:")[0].strip()

    @property
    def read_on(self) -> str:
        """The address of a page to read on."""
        return self._file.partition("Read on:")[2].strip()

    @property
    def graphs(self) -> tuple[tuple[str, str], ...]:
        """Code, and what autograd records behind its `y`, where seeing that says more; first what goes wrong."""
        return tuple((each["code"].strip(), each["tree"].strip()) for each in _graphs().get(self.id, ()))

    @property
    def _file(self) -> str:
        path = places.curriculum().examples / f"{self.id}.txt"
        return path.read_text(encoding="utf-8") if path.exists() else ""


@functools.cache
def misconceptions() -> dict[str, Misconception]:
    """Return every misconception by id."""
    with (places.curriculum().tables / "misconceptions.toml").open("rb") as file:
        return {name: Misconception(name, **texts) for name, texts in tomllib.load(file).items()}


@functools.cache
def _graphs() -> dict[str, list[dict[str, str]]]:
    with (places.curriculum().tables / "graphs.toml").open("rb") as file:
        return tomllib.load(file)


def find(name: str) -> Misconception:
    """Return the misconception with this id; raise UsageError for none, with ids that are like it."""
    known = misconceptions()
    if name in known:
        return known[name]
    holding = [each for each in known if name.lower() in each]
    like = holding or difflib.get_close_matches(name.lower(), known)
    also = f"; perhaps {', '.join(like[:5])}." if like else "."
    raise UsageError(f"no misconception is called {name!r}{also} `{program()} explain` lists them all")
