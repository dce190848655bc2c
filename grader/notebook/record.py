"""What a notebook's learner has done: kept in the workspace, or else in a file beside the notebook."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from grader import files
from grader.catalogue import places
from grader.errors import UsageError
from grader.record.exported import from_text, to_text
from grader.record.progress import Progress
from grader.record.workspace import write
from grader.units import MB

LARGEST = 64 * MB
LOCK_SECONDS = 5.0


class NotebookRecord:
    """A record of progress, and a file in which it is kept as `export` writes it.

    In a workspace the record is the workspace's, and there is a file only where one is asked for. Elsewhere, as on a
    machine that is lent for a day, the record is the kernel's own, and the file beside the notebook keeps it. Two
    notebooks may keep theirs in one file: neither takes away what the other has written.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="katas-")
        self._file: Path | None = None
        self._said = ""
        own = Path(self._folder.name) / "progress.sqlite3"
        self.database = places.workspace().database if places.find_workspace() else own
        self.progress = Progress(self.database)
        if not places.find_workspace():
            self._file = places.beside_the_notebook()
        self._complaint = self._merged() if self._file and self._file.exists() else ""

    @property
    def place(self) -> Path:
        """Where progress is kept."""
        return self._file or places.workspace().database

    def keep_in(self, file: Path) -> None:
        """Keep progress in this file, too, from now on; raise UsageError where that cannot be."""
        before, self._file = self._file, file.absolute()
        if complaint := self.keep():
            self._file = before
            raise UsageError(complaint)

    def keep(self) -> str:
        """Write what is new; return what went wrong, if it has not been said yet."""
        complaint = self._complaint or (self._merged() if self._file else "") or self.progress.complaint
        self._complaint = ""
        said, self._said = self._said, complaint
        return "" if complaint == said else complaint

    def close(self) -> None:
        """Let go of what is not kept."""
        self._folder.cleanup()

    def _merged(self) -> str:
        """Bring what the file holds into the record, and all of that into the file; return what went wrong."""
        assert self._file
        try:
            with self._alone():
                complaint = self._read(self._file)
                write(self._file, to_text(self.progress.everything()))
        except filelock.Timeout:
            return f"progress could not be kept in {self._file}: another notebook holds it"
        except OSError as error:
            lasts = "it lasts as long as this kernel"
            return f"progress cannot be kept in {self._file} ({error.strerror}); {lasts}"
        return complaint

    def _read(self, file: Path) -> str:
        try:
            self.progress.add(from_text(file.name, files.read(file, most=LARGEST).decode("utf-8-sig")))
        except FileNotFoundError:
            return ""
        except (UsageError, UnicodeDecodeError) as error:
            aside = _set_aside(file)
            why = str(error).partition(";")[0] if isinstance(error, UsageError) else f"{file.name} is not text"
            return f"{why}; it was set aside as {aside.name}, and a new one was started"
        return ""

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait for other notebooks of this machine; the lock does not lie beside the file, where it would be seen."""
        mark = hashlib.sha256(str(self._file).encode(errors="surrogateescape")).hexdigest()[:16]
        with filelock.FileLock(Path(tempfile.gettempdir()) / f"katas-{mark}.lock", timeout=LOCK_SECONDS):
            yield


def _set_aside(file: Path) -> Path:
    for number in itertools.count(1):
        aside = file.with_name(f"{file.name}.damaged-{number}")
        if not aside.exists():
            file.rename(aside)
            return aside
    raise AssertionError
