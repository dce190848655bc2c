"""Our own grader, measured as the others are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from grader.catalogue import places
from grader.proofs.peers import endings
from grader.proofs.peers.submissions import EXERCISE
from grader.proofs.peers.tools import Description, Work, read, surroundings

OURS = Description("this grader", "", "checks in one process, the submission in another, locked down")


class ThisGrader:
    """Grades with the checks of the exercise itself, which ask for no less than the shared assertions."""

    description = OURS

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def prepare(self, folder: Path) -> None:
        """Do nothing: the exercise is there."""

    def lay_out(self, folder: Path, text: str) -> Work:
        """Write the submission."""
        path, result = folder / "kata.py", folder / "verdict.json"
        path.write_text(text, encoding="utf-8")
        named = ["exercise", EXERCISE, "--file", str(path), "--seed", str(self._seed), "--json", str(result)]
        return Work([sys.executable, "-m", "grader", *named], folder, lambda: endings.of_this_grader(read(result)))

    def warm(self, folder: Path, texts: Sequence[str]) -> Work | None:
        """Grade several in a process that stays warm."""
        paths = [folder / f"{number}.py" for number, _ in enumerate(texts)]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "grader.proofs.peers.warm", *map(str, paths)]
        return Work(command, folder, lambda: endings.Ending.ACCEPTED)

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that its processes get."""
        return {**surroundings(folder, self._seed), "PYTHONPATH": str(places.imported_from())}
