"""The submissions that every tool is given: right, wrong and hostile."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, find
from grader.proofs.audit import laid_over

PEERS = places.for_authors("peers")
EXERCISE = "02"


class Kind(StrEnum):
    """What a grader has to do with a submission: accept the right, refuse all others."""

    RIGHT = "right"
    WRONG = "wrong"
    HOSTILE = "hostile"


@dataclass(frozen=True)
class Submission:
    """A submission by name, with its text."""

    kind: Kind
    name: str
    text: str


def submissions(*, quick: bool = False) -> list[Submission]:
    """Return all of them: the solution and other right answers, hostile ones, the stub and wrong answers.

    With `quick`, of the wrong answers only the first for each misconception.
    """
    exercise = find(EXERCISE)
    wrong = _answers(exercise, Kind.WRONG, exercise.wrong_answers)
    return [
        Submission(Kind.RIGHT, "solution", exercise.solution.read_text(encoding="utf-8")),
        *_answers(exercise, Kind.RIGHT, exercise.right_answers),
        *_hostile(),
        Submission(Kind.WRONG, "stub", exercise.stub.read_text(encoding="utf-8")),
        *(each for each in wrong if not quick or "--" not in each.name),
    ]


def digest(given: list[Submission]) -> str:
    """Return what names these submissions and the tools' expressions: figures of others do not belong beside theirs."""
    found = hashlib.sha256(repr(sorted((each.kind, each.name, each.text) for each in given)).encode())
    for path in sorted(PEERS.rglob("*")):
        if path.is_file() and path.suffix != ".md" and "__pycache__" not in path.parts:
            found.update(path.read_bytes())
    return found.hexdigest()


def _answers(exercise: Exercise, kind: Kind, folder: Path) -> list[Submission]:
    return [Submission(kind, path.stem, laid_over(exercise, path).text) for path in sorted(folder.glob("*.py"))]


def _hostile() -> list[Submission]:
    """Each is an attack, followed by the same steps, which are wrong: full marks for one of them are forged."""
    steps = (PEERS / "wrong_steps.py").read_text(encoding="utf-8")
    paths = sorted((PEERS / "hostile").glob("*.py"))
    return [Submission(Kind.HOSTILE, each.stem, f"{each.read_text(encoding='utf-8')}\n\n{steps}") for each in paths]
