"""What has been attempted and passed, in SQLite; the only module that knows SQL.

A pass holds for one text of the submission, one text of the checks, one device and one version of
torch. With any of them changed it is stale: shown, and no longer counted.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import sqlite3
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from grader.catalogue import ROOT, Exercise
from grader.verdict import Outcome, Verdict

DATABASE = ROOT / ".grader" / "progress.sqlite3"
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS attempt (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, exercise TEXT NOT NULL, device TEXT NOT NULL, outcome TEXT NOT NULL,
    submission TEXT NOT NULL, checks TEXT NOT NULL, torch TEXT NOT NULL, seed INTEGER NOT NULL,
    steps_passed INTEGER NOT NULL, steps INTEGER NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS by_exercise ON attempt (exercise, device);
"""
INSERT = """
INSERT INTO attempt (at, exercise, device, outcome, submission, checks, torch, seed, steps_passed, steps, seconds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class State(StrEnum):
    """Where a learner stands with one exercise on one device."""

    PASSED = "passed"
    STALE = "stale"
    IN_WORK = "in work"
    NOT_STARTED = "not started"


class Progress:
    """The learner's record. It never stops a grading: what cannot be kept is said in `complaint`."""

    def __init__(self, path: Path = DATABASE) -> None:
        self._path = path
        self.complaint = ""

    def record(self, exercise: Exercise, verdicts: Sequence[Verdict]) -> None:
        """Keep an attempt on each device that was there."""
        checks, now = checks_hash(exercise), time.time()
        rows = [
            (now, exercise.name, each.device, each.outcome, each.sha256, checks, each.versions["torch"], each.seed,
             *each.score, each.seconds)
            for each in verdicts
            if each.outcome is not Outcome.UNAVAILABLE
        ]  # fmt: skip
        with self._open() as database:
            database.executemany(INSERT, rows)

    def states(self, exercises: tuple[Exercise, ...], device: str = "cpu") -> dict[str, State]:
        """Return the state of each exercise by name; with nothing to read, what the files alone tell."""
        passes: dict[str, set[tuple[str, ...]]] = {}
        tried: set[str] = set()
        if self._path.exists():
            with self._open() as database:
                rows = database.execute(
                    "SELECT exercise, outcome, submission, checks, torch FROM attempt WHERE device = ?", (device,)
                ).fetchall()
                for name, outcome, *key in rows:
                    tried.add(name)
                    if outcome == "passed":
                        passes.setdefault(name, set()).add(tuple(key))
        return {each.name: _state(each, passes.get(each.name, set()), tried) for each in exercises}

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Yield the database; where it cannot be used, say so and yield an empty one in memory."""
        database = self._usable() or _empty()
        try:
            with database:
                yield database
        except sqlite3.Error as error:
            self.complaint = f"progress could not be kept in {self._path}: {error}"
        finally:
            database.close()

    def _usable(self) -> sqlite3.Connection | None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return _prepared(sqlite3.connect(self._path, timeout=5))
        except sqlite3.OperationalError as error:
            self.complaint = f"progress cannot be kept in {self._path}: {error}"
        except sqlite3.DatabaseError:
            self._set_aside()
        except OSError as error:
            self.complaint = f"progress cannot be kept in {self._path.parent}: {error.strerror}"
        except NewerDatabase as error:
            self.complaint = f"{self._path} was written by a newer grader (version {error}); it is left alone"
        return None

    def _set_aside(self) -> None:
        """Move a damaged database out of the way, never over another one."""
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        with contextlib.suppress(OSError):
            self._path.rename(aside)
        self.complaint = f"{self._path} was damaged; it was set aside as {aside.name}, and a new one begins"


class NewerDatabase(Exception):
    """The database has a version that this grader does not know."""


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        database.close()
        raise NewerDatabase(version)
    if version < SCHEMA_VERSION:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(SCHEMA)
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return database


def _empty() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA)
    return database


def _state(exercise: Exercise, passes: set[tuple[str, ...]], tried: set[str]) -> State:
    if (_hash(exercise.stub), checks_hash(exercise), torch_version()) in passes:
        return State.PASSED
    if passes:
        return State.STALE
    return State.IN_WORK if exercise.name in tried else State.NOT_STARTED


@functools.cache
def torch_version() -> str:
    """Return the version of the torch that is installed, without importing it."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return ""


def checks_hash(exercise: Exercise) -> str:
    """Return what identifies the checks of an exercise: their text and that of the probe."""
    return hashlib.sha256((_hash(exercise.checks) + _hash(exercise.probe)).encode()).hexdigest()


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
