"""check50: checks as Python functions, here in each of the two ways that its manual has for Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.proofs.peers import endings
from grader.proofs.peers.environments import Environment
from grader.proofs.peers.tools import Description, Work, copy_expression, read, surroundings

RUN = Description("check50, `check50.run`", "check50", "the submission as a program; checks judge what it prints")
IMPORT = Description("check50, `check50.py.import_`", "check50", "the submission imported in the process of each check")


class Check50:
    """Grades with `check50 --dev`, which takes the checks from a folder and not from GitHub."""

    def __init__(self, environment: Environment, seed: int, description: Description) -> None:
        self.description = description
        self._environment, self._seed = environment, seed
        self._checks = Path()

    def prepare(self, folder: Path) -> None:
        """Lay out the checks."""
        way = ("check50/run", "wrapper") if self.description is RUN else ("check50/import",)
        self._checks = copy_expression(folder / "checks", *way)

    def lay_out(self, folder: Path, text: str) -> Work:
        """Write the submission; check50 grades the folder that it is started in."""
        (folder / "kata.py").write_text(text, encoding="utf-8")
        result = folder / "results.json"
        command = [self._environment.script("check50"), "--dev", str(self._checks), "-o", "json"]
        return Work([*command, "--output-file", str(result)], folder, lambda: endings.of_check50(read(result)))

    def warm(self, folder: Path, texts: Sequence[str]) -> Work | None:  # noqa: ARG002
        """Say that it grades one submission in a process."""
        return None

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that its processes get."""
        return surroundings(folder, self._seed, self._environment)
