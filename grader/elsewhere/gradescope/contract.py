"""The folders of a Gradescope container: what lies there, and where the results go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from grader import files
from grader.elsewhere.graded import grade
from grader.elsewhere.gradescope.results import results
from grader.elsewhere.place import leave, require_folder
from grader.elsewhere.task import FILE, read
from grader.errors import GraderError
from grader.units import MB

ROOT = Path("/autograder")


class _User(msgspec.Struct):
    id: int | str = ""
    email: str = ""


class _Assignment(msgspec.Struct):
    due_date: datetime | None = None


class _Metadata(msgspec.Struct):
    users: list[_User] = []
    assignment: _Assignment = msgspec.field(default_factory=_Assignment)


@dataclass(frozen=True)
class Container:
    """The container, with everything below `root`; the task may lie elsewhere, for a try by hand."""

    root: Path = ROOT
    other_task: Path | None = None

    @property
    def task(self) -> Path:
        """What is to be graded, as it came with the zip."""
        return self.other_task or self.root / "source" / FILE

    @property
    def submission(self) -> Path:
        """What the student handed in."""
        return self.root / "submission"

    @property
    def metadata(self) -> Path:
        """Who handed it in, and when it is due."""
        return self.root / "submission_metadata.json"

    @property
    def results(self) -> Path:
        """What Gradescope reads."""
        return self.root / "results" / "results.json"

    def grade(self) -> None:
        """Grade what was handed in and leave the results; raise GraderError, and leave none, for a fault."""
        task, metadata = read(self.task), self._metadata()
        require_folder(self.submission)
        graded = grade(task, self.submission, _who(metadata.users))
        leave(self.results, results(graded, metadata.assignment.due_date, datetime.now(UTC)))

    def _metadata(self) -> _Metadata:
        """Return what is known of the submission; a run by hand may come without it."""
        try:
            return msgspec.json.decode(files.read(self.metadata, most=64 * MB), type=_Metadata)
        except FileNotFoundError:
            return _Metadata()
        except (OSError, msgspec.MsgspecError) as error:
            raise GraderError(f"{self.metadata} cannot be read: {error}") from None


def _who(users: list[_User]) -> str:
    """Return what tells one submission's people from another's: under a seed of their own, they get it again."""
    return "+".join(sorted(each.email or str(each.id) for each in users))
