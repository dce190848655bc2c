"""The folders of a PrairieLearn container: what lies there, and where the results go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.elsewhere.graded import grade
from grader.elsewhere.place import leave, require_folder
from grader.elsewhere.prairielearn.results import results
from grader.elsewhere.task import FILE, read

ROOT = Path("/grade")


@dataclass(frozen=True)
class Container:
    """The container, with everything below `root`; the task may lie elsewhere, for a try by hand."""

    root: Path = ROOT
    other_task: Path | None = None

    @property
    def task(self) -> Path:
        """What is to be graded, as it came with the question."""
        return self.other_task or self.root / "tests" / FILE

    @property
    def results(self) -> Path:
        """What PrairieLearn reads."""
        return self.root / "results" / "results.json"

    def grade(self) -> None:
        """Grade what was handed in and leave the results; raise GraderError, and leave none, for a fault."""
        task, student = read(self.task), self.root / "student"
        require_folder(student)
        leave(self.results, results(grade(task, student, ""), datetime.now(UTC)))
