"""What has been attempted, passed, met and asked for; beside it, `practised.py` holds what was practised.

A pass holds for one text of the submission, one text of the checks, one device and one version of
torch. If any of them changes, it is stale: shown, but no longer counted.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from grader import files
from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, exercises
from grader.record.database import Condition, Database
from grader.verdict import Outcome, Verdict

# From each version to the next: what stands here has been written to somebody's disk and is never changed.
MIGRATIONS = (
    """
CREATE TABLE IF NOT EXISTS attempt (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, exercise TEXT NOT NULL, device TEXT NOT NULL, outcome TEXT NOT NULL,
    submission TEXT NOT NULL, checks TEXT NOT NULL, torch TEXT NOT NULL, seed INTEGER NOT NULL,
    steps_passed INTEGER NOT NULL, steps INTEGER NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS by_exercise ON attempt (exercise, device);
""",
    """
CREATE INDEX IF NOT EXISTS by_exercise ON attempt (exercise, device);
CREATE TABLE IF NOT EXISTS met (
    at REAL NOT NULL, exercise TEXT NOT NULL, step TEXT NOT NULL, misconception TEXT NOT NULL,
    UNIQUE (at, exercise, step, misconception)
);
CREATE TABLE IF NOT EXISTS open_step (exercise TEXT PRIMARY KEY, step TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hint (
    exercise TEXT NOT NULL, step TEXT NOT NULL, taken INTEGER NOT NULL, PRIMARY KEY (exercise, step)
);
""",
    """
CREATE TABLE IF NOT EXISTS drilled (
    at REAL NOT NULL, misconception TEXT NOT NULL, correct INTEGER NOT NULL, seconds REAL NOT NULL,
    UNIQUE (at, misconception)
);
CREATE TABLE IF NOT EXISTS review (at REAL NOT NULL, exercise TEXT NOT NULL, UNIQUE (at, exercise));
CREATE TABLE IF NOT EXISTS review_attempt (
    at REAL NOT NULL, began REAL NOT NULL, exercise TEXT NOT NULL, device TEXT NOT NULL, outcome TEXT NOT NULL,
    submission TEXT NOT NULL, steps_passed INTEGER NOT NULL, steps INTEGER NOT NULL, seconds REAL NOT NULL,
    UNIQUE (at, exercise, device)
);
""",
)
ATTEMPT = ("at", "exercise", "device", "outcome", "submission", "checks", "torch", "seed", "steps_passed", "steps",
           "seconds")  # fmt: skip
MET = ("at", "exercise", "step", "misconception")
HINT = ("exercise", "step", "taken")
DRILLED = ("at", "misconception", "correct", "seconds")
REVIEW = ("at", "exercise")
REVIEW_ATTEMPT = ("at", "began", "exercise", "device", "outcome", "submission", "steps_passed", "steps", "seconds")
# What is taken to another machine; the tables of practice came later, and an older file has none of them.
LATER = {"drilled": DRILLED, "review": REVIEW, "review_attempt": REVIEW_ATTEMPT}
TABLES = {"attempt": ATTEMPT, "met": MET, "hint": HINT, **LATER}
KEEP_HINT = """
INSERT INTO hint (exercise, step, taken) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET taken = max(taken, excluded.taken)
"""


class State(StrEnum):
    """Where a learner stands with one exercise on one device."""

    PASSED = "passed"
    STALE = "stale"
    IN_WORK = "in progress"
    NOT_STARTED = "not started"


@dataclass(frozen=True)
class Meeting:
    """A misconception that a learner met: in which step of which exercise, how often, and when last (Unix time)."""

    exercise: str
    step: str
    times: int
    last: float


@dataclass(frozen=True)
class Attempt:
    """An attempt at an exercise: when (Unix time), and how many of its steps passed."""

    exercise: str
    at: float
    steps_passed: int
    steps: int


class Progress:
    """The learner's record. It never stops a grading: what cannot be kept is said in `complaint`."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = Database(path or places.workspace().database, MIGRATIONS)

    @property
    def complaint(self) -> str:
        """What went wrong with the database, in one line; empty where nothing did."""
        return self._database.complaint

    def condition(self) -> Condition:
        """Return how the database is; looking changes nothing."""
        return self._database.condition()

    def record(self, exercise: Exercise, verdicts: Sequence[Verdict]) -> None:
        """Keep an attempt on each device that was there, and what was met in it."""
        checks, now = checks_hash(exercise), time.time()
        graded = [each for each in verdicts if each.outcome is not Outcome.UNAVAILABLE]
        rows = [
            (now, exercise.name, each.device, each.outcome, each.sha256, checks, each.versions["torch"], each.seed,
             *each.score, each.seconds)
            for each in graded
        ]  # fmt: skip
        with self._database.writing() as database:
            database.executemany(insert("attempt", ATTEMPT), rows)
            database.executemany(insert("met", MET), [(now, exercise.name, *met) for met in met_in(graded)])
            for each in graded[:1]:
                database.execute("REPLACE INTO open_step VALUES (?, ?)", (exercise.name, each.first_open_step))

    def states(self, chosen: tuple[Exercise, ...], device: str = "cpu") -> dict[str, State]:
        """Return the state of each exercise by name; with nothing to read, what the files alone tell."""
        passes: dict[str, set[tuple[str, ...]]] = {}
        tried: set[str] = set()
        with self._database.reading() as database:
            rows = database.execute(
                "SELECT exercise, outcome, submission, checks, torch FROM attempt WHERE device = ?", (device,)
            )
            for name, outcome, *key in rows:
                if outcome != Outcome.NOT_STARTED:
                    tried.add(name)
                if outcome == "passed":
                    passes.setdefault(name, set()).add(tuple(key))
        return {each.name: _state(each, passes.get(each.name, set()), tried) for each in chosen}

    def best(self, device: str = "cpu") -> dict[str, int]:
        """Return, by exercise, the most steps that passed in one attempt at the checks that it has now."""
        found: dict[str, int] = {}
        with self._database.reading() as database:
            rows = database.execute(
                "SELECT exercise, checks, max(steps_passed) FROM attempt WHERE device = ? GROUP BY 1, 2", (device,)
            )
            passed = {(name, checks): most for name, checks, most in rows}
        for each in exercises():
            if any(name == each.name for name, _ in passed):
                found[each.name] = passed.get((each.name, checks_hash(each)), 0)
        return found

    def has_passed(self, exercise: Exercise) -> bool:
        """Return whether an exercise as it stands has passed on some device."""
        return any(self.states((exercise,), each)[exercise.name] is State.PASSED for each in self.devices())

    def devices(self) -> tuple[str, ...]:
        """Return the devices that something was graded on, the CPU always and first."""
        with self._database.reading() as database:
            found = {device for (device,) in database.execute("SELECT DISTINCT device FROM attempt")}
            return ("cpu", *sorted(found - {"cpu"}))
        return ("cpu",)

    def last(self, chosen: Sequence[Exercise]) -> Attempt | None:
        """Return the last attempt at one of these exercises in which anything was begun."""
        names = [each.name for each in chosen]
        with self._database.reading() as database:
            row = database.execute(
                "SELECT exercise, at, steps_passed, steps FROM attempt WHERE outcome != ? "
                f"AND exercise IN ({', '.join('?' * len(names))}) ORDER BY at DESC, id DESC LIMIT 1",
                (Outcome.NOT_STARTED, *names),
            ).fetchone()
            return Attempt(*row) if row else None
        return None

    def open_step(self, exercise: Exercise) -> str:
        """Return the first step that did not pass in the last attempt; the first of all if there was none."""
        with self._database.reading() as database:
            row = database.execute("SELECT step FROM open_step WHERE exercise = ?", (exercise.name,)).fetchone()
            if row and row[0] in exercise.steps:
                return str(row[0])
        return exercise.steps[0]

    def hints_taken(self, exercise: Exercise, step: str) -> int:
        """Return how many hints to a step were asked for so far."""
        with self._database.reading() as database:
            row = database.execute("SELECT taken FROM hint WHERE exercise = ? AND step = ?", (exercise.name, step))
            return int((row.fetchone() or (0,))[0])
        return 0

    def keep_hint(self, exercise: Exercise, step: str, taken: int) -> None:
        """Keep that so many hints to a step have been taken."""
        with self._database.writing() as database:
            database.execute(KEEP_HINT, (exercise.name, step, taken))

    def meetings(self) -> dict[str, list[Meeting]]:
        """Return where each misconception was met, by its id, the last first."""
        found: dict[str, list[Meeting]] = {}
        with self._database.reading() as database:
            for name, *facts in database.execute(
                "SELECT misconception, exercise, step, count(*), max(at) FROM met GROUP BY 1, 2, 3 ORDER BY 5 DESC"
            ):
                found.setdefault(name, []).append(Meeting(*facts))
        return found

    def everything(self) -> dict[str, list[dict[str, object]]]:
        """Return all of it as plain data, as `add` takes it on another machine."""
        kept: dict[str, list[dict[str, object]]] = {}
        with self._database.reading() as database:
            for table, columns in TABLES.items():
                rows = database.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid")
                kept[table] = [dict(zip(columns, row, strict=True)) for row in rows]
        return kept

    def add(self, kept: dict[str, list[dict[str, object]]]) -> int:
        """Add what `everything` returned elsewhere; return how many attempts were not known here."""
        attempts = [tuple(row[name] for name in ATTEMPT) for row in kept["attempt"]]
        with self._database.writing() as database:
            known = set(database.execute(f"SELECT {', '.join(ATTEMPT)} FROM attempt"))
            new = [row for row in dict.fromkeys(attempts) if row not in known]
            database.executemany(insert("attempt", ATTEMPT), new)
            for table, columns in (("met", MET), *LATER.items()):
                rows = [tuple(row[name] for name in columns) for row in kept.get(table, ())]
                database.executemany(insert(table, columns), rows)
            database.executemany(KEEP_HINT, [tuple(row[name] for name in HINT) for row in kept["hint"]])
            return len(new)
        return 0


def insert(table: str, columns: Sequence[str]) -> str:
    """Return the statement that keeps a row unless it is there already."""
    return f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def met_in(verdicts: Sequence[Verdict]) -> set[tuple[str, str]]:
    """Return the misconceptions that verdicts name, each with its step."""
    steps = [step for each in verdicts for step in each.steps]
    return {(step.name, check.misconception) for step in steps for check in step.checks if check.misconception}


def _state(exercise: Exercise, passes: set[tuple[str, ...]], tried: set[str]) -> State:
    if (file_hash(exercise.stub), checks_hash(exercise), torch_version()) in passes:
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
    """Return what identifies the checks of an exercise: their text, that of the probe, and what checks share."""
    parts = (exercise.checks, exercise.probe, *sorted(exercise.checks.parent.glob("_*.py")))
    return hashlib.sha256("".join(map(file_hash, parts)).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Return what identifies the text of a file, however its lines end; empty where there is none."""
    try:
        return files.text_hash(files.read(path))
    except OSError:
        return ""
