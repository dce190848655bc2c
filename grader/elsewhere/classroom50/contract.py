"""A checkout in which Classroom 50 grades: it is the current folder, and the rest stands in the environment."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.batch import visible
from grader.elsewhere.classroom50.result import result
from grader.elsewhere.graded import Graded, grade
from grader.elsewhere.place import leave, leave_text, require_folder
from grader.elsewhere.task import read
from grader.reports.to_markdown import to_markdown
from grader.verdict import Verdict


@dataclass(frozen=True)
class Checkout:
    """A student's checkout at `root`, and the task that lies beside the autograder."""

    root: Path
    task: Path

    @property
    def results(self) -> Path:
        """What Classroom 50 reads."""
        return self.root / "result.json"

    @property
    def body(self) -> Path:
        """What a student reads in the release of their submission."""
        return self.root / "release-body.md"

    def grade(self) -> None:
        """Grade the checkout and leave the results; raise GraderError, and leave none, for a fault."""
        require_folder(self.root)
        now = datetime.now(UTC)
        task = read(self.task)
        graded = grade(task, self.root, os.environ.get("OWNER") or os.environ.get("USERNAME", ""))
        document = result(graded, os.environ, self._committed(now), now)
        leave_text(self.body, to_markdown([_shown(each, each.verdict, now) for each in graded if each.verdict]))
        leave(self.results, document)

    def _committed(self, otherwise: datetime) -> datetime:
        """Return when the commit was made, which stays the same however often it is graded."""
        command = ["git", "-C", str(self.root), "log", "-1", "--format=%ct"]
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
            return datetime.fromtimestamp(int(done.stdout), UTC)
        return otherwise


def _shown(graded: Graded, verdict: Verdict, now: datetime) -> Verdict:
    return visible.to_student(verdict, graded.assignment.visibility, graded.assignment.due, now)
