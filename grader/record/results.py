"""What a class handed in and what it got: the one truth of a batch, in a SQLite file.

Every change is kept together or not at all, so that a batch that is killed goes on where it was. A result is kept under
the hash of everything that it depends on: resuming, caching and regrading are one mechanism.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import filelock
import msgspec

from grader.catalogue.places import ResultsFolder
from grader.errors import UsageError
from grader.record.rows import Planned, Result, State, Stray, Student, Submission

WAIT_SECONDS = 10.0  # for another program to finish its writing
# From each version to the next: what stands here has been written to somebody's disk and is never changed.
MIGRATIONS = (
    """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE student (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, sid TEXT NOT NULL, login TEXT NOT NULL
);
CREATE TABLE submission (
    id INTEGER PRIMARY KEY, student TEXT NOT NULL REFERENCES student, exercise TEXT NOT NULL, source TEXT NOT NULL,
    path TEXT NOT NULL, text TEXT NOT NULL, sha256 TEXT NOT NULL, at REAL, late INTEGER NOT NULL, note TEXT NOT NULL,
    problem TEXT NOT NULL, UNIQUE (student, exercise, source, path)
);
CREATE INDEX submission_by_student ON submission (student, exercise);
CREATE TABLE stray (
    source TEXT NOT NULL, path TEXT NOT NULL, student TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (source, path)
);
CREATE TABLE result (
    key TEXT PRIMARY KEY, exercise TEXT NOT NULL, device TEXT NOT NULL, seed INTEGER NOT NULL, depends TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', outcome TEXT NOT NULL DEFAULT '', verdict TEXT NOT NULL DEFAULT '',
    fault TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0, machine TEXT NOT NULL DEFAULT '', doubtful INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX result_by_state ON result (state);
CREATE TABLE plan (
    submission INTEGER NOT NULL REFERENCES submission ON DELETE CASCADE, device TEXT NOT NULL,
    key TEXT NOT NULL REFERENCES result, before TEXT NOT NULL DEFAULT '', PRIMARY KEY (submission, device)
);
CREATE INDEX plan_by_key ON plan (key);
""",
)
STUDENT = ("id", "name", "email", "sid", "login")
SUBMISSION = ("student", "exercise", "source", "path", "text", "sha256", "at", "late", "note", "problem")
RESULT = ("key", "exercise", "device", "seed", "depends", "state", "outcome", "verdict", "fault", "tries", "at",
          "seconds", "machine", "doubtful")  # fmt: skip
KEEP_STUDENT = """
INSERT INTO student (id, name, email, sid, login) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    name = coalesce(nullif(excluded.name, ''), name), email = coalesce(nullif(excluded.email, ''), email),
    sid = coalesce(nullif(excluded.sid, ''), sid), login = coalesce(nullif(excluded.login, ''), login)
"""
KEEP_SUBMISSION = f"""
INSERT INTO submission ({", ".join(SUBMISSION)}) VALUES ({", ".join("?" * len(SUBMISSION))})
ON CONFLICT DO UPDATE SET text = excluded.text, sha256 = excluded.sha256, at = excluded.at, late = excluded.late,
    note = excluded.note, problem = excluded.problem
"""
FINISH = """
UPDATE result SET state = ?, outcome = ?, verdict = ?, fault = ?, tries = tries + 1, at = ?, seconds = ?, machine = ?,
    doubtful = ? WHERE key = ? AND (state <> 'done' OR doubtful)
"""


class Results:
    """The results of a batch in a folder; raises UsageError for what is none. Use as a context."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = ResultsFolder(folder)
        if not create and not self.folder.database.is_file():
            raise UsageError(f"{folder} holds no results; `batch` writes them there")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.folder.database, timeout=WAIT_SECONDS, isolation_level=None)
            self._prepare()
        except OSError as error:
            raise UsageError(f"{folder} cannot be a folder of results: {error.strerror}") from None
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{self.folder.database} cannot be used: {error}") from None

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _prepare(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise UsageError(f"{self.folder.root} was written by a newer version of this program; install that")
        if version < len(MIGRATIONS):
            self._database.execute("PRAGMA journal_mode = WAL")
            with self._together():
                version = self._database.execute("PRAGMA user_version").fetchone()[0]  # others may begin it, too
                for statement in filter(str.strip, ";".join(MIGRATIONS[version:]).split(";")):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("PRAGMA foreign_keys = ON")

    @contextlib.contextmanager
    def _together(self) -> Iterator[None]:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def only_one(self) -> Iterator[None]:
        """Keep every other batch away from this folder; raise UsageError where one is at work in it."""
        lock = filelock.FileLock(self.folder.lock)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise UsageError(f"another batch is at work in {self.folder.root}; wait for it, or end it first") from None
        try:
            yield
        finally:
            lock.release()

    def fact(self, name: str) -> str:
        """Return what is kept under a name, such as "course", the text of the course file; empty where nothing is."""
        row = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def keep_fact(self, name: str, value: str) -> None:
        """Keep something about the whole batch."""
        self._database.execute("REPLACE INTO fact VALUES (?, ?)", (name, value))

    def take_in(
        self, source: str, students: Iterable[Student], submissions: Sequence[Submission], strays: Iterable[Stray]
    ) -> None:
        """Keep what a roster holds; what it held before under that name, and does not now, is no longer planned."""
        with self._together():
            self._database.executemany(KEEP_STUDENT, map(msgspec.structs.astuple, students))
            rows = (tuple(getattr(each, name) for name in SUBMISSION) for each in submissions)
            self._database.executemany(KEEP_SUBMISSION, rows)
            self._database.execute("CREATE TEMP TABLE here (student TEXT, exercise TEXT, path TEXT)")
            here = ((each.student, each.exercise, each.path) for each in submissions)
            self._database.executemany("INSERT INTO here VALUES (?, ?, ?)", here)
            self._database.execute(
                "DELETE FROM submission WHERE source = ? AND (student, exercise, path) NOT IN (SELECT * FROM here)",
                (source,),
            )
            self._database.execute("DROP TABLE here")
            self._database.execute("DELETE FROM stray WHERE source = ?", (source,))
            rows = (msgspec.structs.astuple(each) for each in strays)
            self._database.executemany("REPLACE INTO stray VALUES (?, ?, ?, ?)", rows)

    def students(self) -> list[Student]:
        """Return everybody, by name."""
        rows = self._database.execute(f"SELECT {', '.join(STUDENT)} FROM student ORDER BY name, id")
        return [Student(*row) for row in rows]

    def submissions(self, *, with_text: bool = True) -> Iterator[Submission]:
        """Yield every submission, by student and exercise; the texts of a class are large, and can be left out."""
        columns = ", ".join(name if with_text or name != "text" else "''" for name in SUBMISSION)
        for row in self._database.execute(f"SELECT {columns}, id FROM submission ORDER BY student, exercise, id"):
            yield _submission(row)

    def submission(self, number: int) -> Submission:
        """Return the submission with this id."""
        columns = ", ".join(SUBMISSION)
        return _submission(
            self._database.execute(f"SELECT {columns}, id FROM submission WHERE id = ?", (number,)).fetchone()
        )

    def strays(self) -> list[Stray]:
        """Return what was handed in for no exercise of the course."""
        return [Stray(*row) for row in self._database.execute("SELECT * FROM stray ORDER BY source, path")]

    def plan(self) -> list[Planned]:
        """Return what is to be graded, whether it has been or not."""
        return [Planned(*row) for row in self._database.execute("SELECT * FROM plan ORDER BY submission, device")]

    def keep_plan(self, planned: Iterable[Planned], results: Iterable[Result]) -> None:
        """Keep what is to be graded; of a result that is there already, nothing changes."""
        with self._together():
            self._database.executemany(
                "INSERT OR IGNORE INTO result (key, exercise, device, seed, depends) VALUES (?, ?, ?, ?, ?)",
                ((each.key, each.exercise, each.device, each.seed, json.dumps(dict(each.depends))) for each in results),
            )
            self._database.executemany(
                "REPLACE INTO plan VALUES (?, ?, ?, ?)", (msgspec.structs.astuple(each) for each in planned)
            )

    def forget_before(self) -> None:
        """Let the results until the last regrade be history: their change has been told."""
        self._database.execute("UPDATE plan SET before = ''")

    def finish(self, result: Result) -> bool:
        """Keep how a grading ended; False where the result was done before: the first one stands."""
        row = (result.state, result.outcome, result.verdict_json, result.fault, result.at, result.seconds,
               result.machine, result.doubtful, result.key)  # fmt: skip
        return self._database.execute(FINISH, row).rowcount > 0

    def result(self, key: str) -> Result | None:
        """Return the result under a key."""
        row = self._database.execute(f"SELECT {', '.join(RESULT)} FROM result WHERE key = ?", (key,)).fetchone()
        return _result(row) if row else None

    def results(self, state: State | None = None) -> Iterator[Result]:
        """Yield the results that the plan asks for, in one state or in all."""
        where = "" if state is None else f"AND state = '{state}'"
        columns = ", ".join(RESULT)
        for row in self._database.execute(
            f"SELECT {columns} FROM result WHERE key IN (SELECT key FROM plan) {where} ORDER BY exercise, key"
        ):
            yield _result(row)

    def outcomes(self) -> dict[tuple[State, str], int]:
        """Return how many submissions of the plan are in which state, with which outcome."""
        rows = self._database.execute(
            "SELECT state, outcome, count(*) FROM plan JOIN result USING (key) GROUP BY state, outcome"
        )
        return {(State(state), outcome): count for state, outcome, count in rows}

    def counts(self) -> dict[State, int]:
        """Return how many of the planned results are in each state."""
        rows = self._database.execute(
            "SELECT state, count(*) FROM result WHERE key IN (SELECT key FROM plan) GROUP BY 1"
        )
        return dict.fromkeys(State, 0) | {State(state): count for state, count in rows}


def _submission(row: Sequence[object]) -> Submission:
    return msgspec.convert(dict(zip((*SUBMISSION, "id"), row, strict=True)), Submission, strict=False)


def _result(row: Sequence[object]) -> Result:
    named = dict(zip(RESULT, row, strict=True))
    named["verdict_json"], named["depends"] = named.pop("verdict"), json.loads(str(named["depends"]))
    return msgspec.convert(named, Result, strict=False)
