"""otter-grader: exception-based tests in an autograder zip, run by `otter run`."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from grader.errors import GraderError
from grader.proofs.peers import endings
from grader.proofs.peers.environments import Environment
from grader.proofs.peers.submissions import PEERS
from grader.proofs.peers.tools import Description, Work, copy_expression, read, surroundings

OTTER = Description(
    "otter-grader, `otter run`",
    "otter-grader",
    "exception-based tests in the submission's own kernel; not in the container of `otter grade`",
    {"endless_loop": "`otter run` has no time limit; `otter grade` has one, in Docker"},
)


class Otter:
    """Grades without a container, the way that needs no Docker."""

    description = OTTER

    def __init__(self, environment: Environment, seed: int) -> None:
        self._environment, self._seed = environment, seed
        self._zip = Path()

    def prepare(self, folder: Path) -> None:
        """Make the autograder zip. Its support file lies in a folder: two .py files would be two submissions."""
        kit = copy_expression(folder, "otter-grader") / "kit"
        kit.mkdir()
        (folder / "assertions.py").rename(kit / "assertions.py")
        (kit / "__init__.py").touch()
        self._zip = folder / "autograder.zip"
        options = ["--no-config", "--no-requirements", "--no-environment", "-t", "tests", "-o", str(self._zip)]
        command = [self._environment.script("otter"), "generate", *options, "kit/__init__.py", "kit/assertions.py"]
        made = subprocess.run(command, cwd=folder, env=self.environment(folder), capture_output=True, text=True)
        if not self._zip.exists():
            raise GraderError(f"otter generate made no zip: {(made.stderr or made.stdout).strip()[-300:]}")

    def lay_out(self, folder: Path, text: str) -> Work:
        """Write the submission, a Python file."""
        (folder / "kata.py").write_text(text, encoding="utf-8")
        command = [self._environment.script("otter"), "run", "-a", str(self._zip), "-o", ".", "--no-logo", "kata.py"]
        return Work(command, folder, lambda: endings.of_gradescope(read(folder / "results.json")))

    def warm(self, folder: Path, texts: Sequence[str]) -> Work | None:
        """Grade several by Otter's Python API, which starts a kernel for each."""
        paths = [folder / str(number) / "kata.py" for number, _ in enumerate(texts)]
        for path, text in zip(paths, texts, strict=True):
            path.parent.mkdir()
            path.write_text(text, encoding="utf-8")
        script = str(PEERS / "otter-grader" / "warm.py")
        command = [self._environment.python, script, str(self._zip), *map(str, paths)]
        return Work(command, folder, lambda: endings.Ending.ACCEPTED)

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that its processes get."""
        return surroundings(folder, self._seed, self._environment)
