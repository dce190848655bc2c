"""gradescope-utils: unittest with weights, run as Gradescope's harness runs it, in each of the manual's two ways."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.proofs.peers import endings
from grader.proofs.peers.environments import Environment
from grader.proofs.peers.submissions import PEERS
from grader.proofs.peers.tools import Description, Work, copy_expression, read, surroundings

WRAPPER = Description(
    "gradescope-utils, wrapper",
    "gradescope-utils",
    "a wrapper runs the submission; tests judge what it prints; not in Gradescope's container",
    {"reads_the_checks": "the manual has the submission run as another user, which takes root"},
)
IMPORT = Description(
    "gradescope-utils, import",
    "gradescope-utils",
    "tests import the submission, as in the manual's Python example; not in Gradescope's container",
)


class Gradescope:
    """Lays out source, submission and results as they are in Gradescope's container."""

    def __init__(self, environment: Environment, seed: int, description: Description) -> None:
        self.description = description
        self._environment, self._seed = environment, seed

    def prepare(self, folder: Path) -> None:
        """Do nothing: Gradescope copies everything for each submission."""

    def lay_out(self, folder: Path, text: str) -> Work:
        """Write the submission and the tests side by side."""
        source = self._source(folder / "source")
        for name in ("submission", "results"):
            (folder / name).mkdir()
        (folder / "submission" / "kata.py").write_text(text, encoding="utf-8")
        result = folder / "results" / "results.json"
        command = [self._environment.python, str(source / "run_tests.py")]
        return Work(command, source, lambda: endings.of_gradescope(read(result)))

    def _source(self, folder: Path) -> Path:
        wrapped = self.description is WRAPPER
        copy_expression(folder / "tests", f"gradescope-utils/{'wrapper' if wrapped else 'import'}")
        shutil.copy(PEERS / "gradescope-utils" / "run_tests.py", folder)
        (folder / "tests" / "assertions.py").rename(folder / "assertions.py")
        if wrapped:
            shutil.copytree(PEERS / "wrapper", folder, dirs_exist_ok=True)
        return folder

    def warm(self, folder: Path, texts: Sequence[str]) -> Work | None:  # noqa: ARG002
        """Say that Gradescope starts a container for each submission."""
        return None

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that its processes get."""
        return surroundings(folder, self._seed, self._environment)
