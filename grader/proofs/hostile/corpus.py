"""The hostile corpus as its files declare it: what each attack aims at, how it must end, and how it did.

A file begins with comments of the form `# key: text`: `harm` (what it tries to do) and `ending` (one or
more outcomes, `failed | refused`). Where they differ from the usual, `exercise` (02 unless said), `says`
(part of what must be said of it, so that it is stopped by what is meant to stop it), `breaks`
(why its own process may break: otherwise it broke before it did any harm), `via`
(`command`: graded by the real command, in a folder full of traps) and `limit`: why it cannot be stopped
in principle; its `ending` is then what happens, so that a change is noticed. What follows is laid over
the exercise's solution. The steps that it defines are the ones that it wants to pass; all of them are wrong,
or right only where the harm was done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, find
from grader.errors import UsageError
from grader.judging.overlay import definitions
from grader.verdict import Outcome

HOSTILE = places.for_authors("hostile")
FAMILIES = ("endings", "comparison", "patching", "reading", "channel", "showing", "resources", "system")
STOPPED = {Outcome.REFUSED, Outcome.CRASHED, Outcome.TIMEOUT, Outcome.FAILED, Outcome.RAISED}
KEYS = {"harm", "ending", "exercise", "says", "breaks", "via", "limit"}
LINE = re.compile(r"# (\w+): (.+)")


@dataclass(frozen=True)
class Attack:
    """One hostile submission."""

    path: Path
    harm: str
    endings: frozenset[Outcome]
    exercise: Exercise
    text: str
    by_command: bool = False
    limit: str = ""
    says: str = ""
    breaks_itself: bool = False

    @property
    def family(self) -> str:
        """What the file's name says before the first underscore."""
        return self.path.stem.partition("_")[0]

    @property
    def name(self) -> str:
        """What the file's name says after the first underscore, in words."""
        return self.path.stem.partition("_")[2].replace("_", " ")

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that it answers wrongly."""
        return tuple(name for name in definitions(self.text) if name in self.exercise.steps)


@dataclass(frozen=True)
class Result:
    """What became of one attack; `troubles` say in words where the sandbox or the grader gave way."""

    attack: Attack
    seen: str
    troubles: tuple[str, ...]
    seconds: float

    @property
    def as_expected(self) -> bool:
        """Whether the attack ended as its file says, with nothing touched."""
        return not self.troubles


def attacks(names: Sequence[str] = ()) -> list[Attack]:
    """Return the corpus by family, or those whose file names hold one of `names`."""
    found = [read(path) for path in HOSTILE.glob("*.py") if not names or any(name in path.stem for name in names)]
    if not found:
        raise UsageError(f"no hostile submission is named {' or '.join(names)}")
    return sorted(found, key=lambda each: (FAMILIES.index(each.family), each.path.stem))


def read(path: Path) -> Attack:
    """Return what a file declares; raise UsageError where it declares too little, or what no attack may."""
    text = path.read_text(encoding="utf-8")
    said = _front_matter(text)
    if not {"harm", "ending"} <= said.keys() <= KEYS:
        raise UsageError(
            f"{path.name} says {', '.join(said)}; harm and ending are needed, of {', '.join(sorted(KEYS))}"
        )
    attack = Attack(
        path, said["harm"], _endings(path, said["ending"]), find(said.get("exercise", "02")), text,
        said.get("via") == "command", said.get("limit", ""), said.get("says", ""), "breaks" in said,
    )  # fmt: skip
    if attack.family not in FAMILIES:
        raise UsageError(f"{path.name} belongs to no family; there are {', '.join(FAMILIES)}")
    if not attack.limit and not attack.endings <= STOPPED:
        raise UsageError(f"{path.name} may not end so unless it says why it cannot be stopped")
    if not attack.steps:
        raise UsageError(f"{path.name} answers no step of {attack.exercise.name}, so nothing could be forged")
    return attack


def _front_matter(text: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for line in text.splitlines():
        if not (found := LINE.fullmatch(line)):
            break
        said[found[1]] = found[2]
    return said


def _endings(path: Path, text: str) -> frozenset[Outcome]:
    try:
        return frozenset(Outcome(word.strip()) for word in text.split("|"))
    except ValueError as error:
        raise UsageError(f"{path.name}: {error}") from None
