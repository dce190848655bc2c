"""Which exercises the working tree changes, compared with where its branch left `main`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, exercises
from grader.errors import UsageError
from grader.proofs.kept import CODE, DATA

MAIN = ("main", "origin/main")
# What the verdicts on all exercises depend on.
SHARED = (*(f"grader/{name}" for name in CODE), *(f"fixtures/{name}" for name in DATA), "grader/curriculum/checks/_",
          "grader/curriculum/curriculum.toml", "grader/curriculum/misconceptions.toml", "constraints.txt")  # fmt: skip


@dataclass(frozen=True)
class Changed:
    """The exercises of which a file was changed, and the changed files that all exercises share."""

    exercises: tuple[Exercise, ...]
    shared: tuple[str, ...]


def changed() -> Changed:
    """Ask git what was changed, committed or not, new files too; raise UsageError where there is no history."""
    tracked = _git("diff", "--name-only", "--no-renames", "--relative", "-z", _base())
    return sorted_out((tracked + _git("ls-files", "--others", "--exclude-standard", "-z")).split("\0"))


def sorted_out(paths: Sequence[str]) -> Changed:
    """Return what files, by their paths from the root, belong to."""
    touched = tuple(each for each in exercises() if any(_belongs(path, each) for path in paths))
    return Changed(touched, tuple(path for path in paths if path.startswith(SHARED)))


def _belongs(path: str, exercise: Exercise) -> bool:
    file = places.checkout() / path
    own = (exercise.handed_out, exercise.solution, exercise.checks, exercise.probe, exercise.hints, exercise.borders)
    return file in own or exercise.right_answers.parent in file.parents


def _base() -> str:
    """Return the commit to compare with: where this branch left main, or the last one where there is no main."""
    for main in MAIN:
        try:
            return _git("merge-base", "HEAD", main).strip()
        except UsageError:
            continue
    return "HEAD"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=places.checkout(), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise UsageError("audit --changed asks git what was changed, and there is no history here") from None
    return done.stdout
