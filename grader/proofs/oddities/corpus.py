"""The battery of oddities as its files declare it: what a learner's file has, and how it must end.

A file of `fixtures/oddities` begins with comments of the form `# key: text`: `oddity` (what a learner's file has),
`ending` (an outcome, or `not read`), and where it is not what it is usually,

- `says`: a part of the sentence that the learner reads first; `shows`: a part of what is shown with it,
- `exercises`: by number; all of them unless said; `without`: all but these, whose task rules it out,
- `absent`: a package; where it is installed, the oddity is none,
- `beside`: the name of a file that lies beside the submission,
- `place`: where the text goes. `top`: laid over the solution (usual); `front` and `end`: in front of and behind all
  else; `calls`: it defines `oddity()`, which every step then calls first; `wraps`: it defines `oddity`, which then
  decorates every step that is a function.

`texts.toml` holds those that are changes to the text of a solution.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, exercises, find
from grader.errors import UsageError
from grader.judging.overlay import Definition, definitions, first_line, lay_over, lines
from grader.proofs.oddities.changes import CHANGES
from grader.verdict import Outcome

ODDITIES = places.for_authors("oddities")
COMPILED = "14"  # the exercise whose steps torch compiles, which takes little of what may stand in a function
NOT_READ = "not read"  # the ending of what is no submission, and is said in one line
ENDINGS = {*Outcome, NOT_READ}
KEYS = {"oddity", "ending", "says", "shows", "exercises", "without", "absent", "beside", "place"}
KEYS_OF_TEXTS = (KEYS - {"place"}) | {"change", "front", "end"}
PLACES = ("top", "front", "end", "calls", "wraps")
LINE = re.compile(r"# (\w+): ?(.*)")


@dataclass(frozen=True)
class Oddity:
    """One thing that is odd about a file, `said` as its author did, with what makes it of a solution."""

    name: str
    said: dict[str, str]
    text: str = ""

    @property
    def ending(self) -> str:
        """How it must end."""
        return self.said["ending"]

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """The exercises that it is tried with."""
        chosen = tuple(map(find, self.said["exercises"].split())) if "exercises" in self.said else exercises()
        without = {
            COMPILED if self.said.get("place") in ("calls", "wraps") else "",
            *self.said.get("without", "").split(),
        }
        return tuple(each for each in chosen if f"{each.number:02}" not in without)

    @property
    def applies(self) -> bool:
        """Whether there is such a thing on this machine."""
        return "absent" not in self.said or importlib.util.find_spec(self.said["absent"]) is None

    def made_of(self, exercise: Exercise) -> bytes:
        """Return the file that a learner hands in."""
        solution = exercise.solution.read_text(encoding="utf-8")
        made = self._changed(solution, exercise) if not self.text else self._placed(solution, exercise)
        return made if isinstance(made, bytes) else made.encode()

    def _changed(self, text: str, exercise: Exercise) -> bytes | str:
        whole = self.said.get("front", "") + text + self.said.get("end", "")
        return CHANGES[self.said["change"]](whole, exercise) if "change" in self.said else whole

    def _placed(self, text: str, exercise: Exercise) -> str:
        match self.said.get("place", "top"):
            case "front":
                return self.text + "\n\n" + text
            case "end":
                return text + "\n\n" + self.text
            case "calls":
                return lay_over(_with_calls(text, exercise), self.text)
            case "wraps":
                return lay_over(_decorated(text, exercise), self.text)
            case _:
                return lay_over(text, self.text)


def _with_calls(text: str, exercise: Exercise) -> str:
    """Return a solution in which every step begins with a call."""
    made = lines(text)
    for node in reversed(_steps(text, exercise)):
        first = _function(node).body[0]
        made.insert(first_line(first) - 1, " " * first.col_offset + "oddity()")
    return "\n".join(made)


def _steps(text: str, exercise: Exercise) -> list[Definition]:
    """Return the definitions of all steps, as they stand in the file."""
    return [node for name, node in definitions(text).items() if name in exercise.steps]


def _function(node: Definition) -> ast.FunctionDef:
    """Return a step's function; of a class, the first method."""
    return next(each for each in ast.walk(node) if isinstance(each, ast.FunctionDef))


def _decorated(text: str, exercise: Exercise) -> str:
    made = lines(text)
    for node in reversed(_steps(text, exercise)):
        if isinstance(node, ast.FunctionDef):
            made.insert(node.lineno - 1, "@oddity")
    return "\n".join(made)


def oddities(names: Sequence[str] = ()) -> list[Oddity]:
    """Return the battery, or those oddities whose names hold one of `names`."""
    found = [each for each in _all() if not names or any(name in each.name for name in names)]
    if not found:
        raise UsageError(f"no oddity is named {' or '.join(names)}")
    return sorted(found, key=lambda each: each.name)


def _all() -> Iterator[Oddity]:
    for path in ODDITIES.glob("*.py"):
        yield read(path)
    for name, said in tomllib.loads((ODDITIES / "texts.toml").read_text(encoding="utf-8")).items():
        yield _declared(Oddity(f"text_{name}", said), KEYS_OF_TEXTS)


def read(path: Path) -> Oddity:
    """Return what a file declares; raise UsageError where it declares too little, or what nobody knows."""
    left = lines(path.read_text(encoding="utf-8"))
    said: dict[str, str] = {}
    while left and (found := LINE.fullmatch(left[0])):
        said[found[1]] = found[2]
        del left[0]
    return _declared(Oddity(path.stem, said, "\n".join(left).strip() + "\n"), KEYS)


def _declared(oddity: Oddity, keys: set[str]) -> Oddity:
    said = oddity.said
    if not {"oddity", "ending"} <= said.keys() <= keys:
        raise UsageError(
            f"{oddity.name} says {', '.join(said)}; oddity and ending are needed, of {', '.join(sorted(keys))}"
        )
    if oddity.ending not in ENDINGS or said.get("place", "top") not in PLACES:
        raise UsageError(f"{oddity.name} declares an ending or a place that does not exist")
    if oddity.ending not in (Outcome.PASSED, Outcome.NOT_STARTED) and not said.keys() & {"says", "shows"}:
        raise UsageError(f"{oddity.name} does not say what the learner reads")
    return oddity


@dataclass(frozen=True)
class Result:
    """How one oddity ended with one exercise; `troubles` say in words what is not as it should be."""

    oddity: Oddity
    exercise: Exercise
    seen: str
    troubles: tuple[str, ...]
    seconds: float
