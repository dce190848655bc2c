"""Opens the learner's database so that nothing in it is lost, whatever state it is found in."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

WAIT_SECONDS = 5.0  # for another grader to finish its writing


class Database:
    """A SQLite file. It never stops a grading: what cannot be read or kept is said in `complaint`.

    A damaged file is set aside and a new one begun; one of a newer version is left alone; where nothing can be
    written, what is there is still read.
    """

    def __init__(self, path: Path, schema: str, version: int) -> None:
        self.path = path
        self.complaint = ""
        self._schema = schema
        self._version = version

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose changes are kept together or not at all; where that fails, `complaint` says so."""
        database = self._usable() or self._empty()
        try:
            with database:
                yield database
        except sqlite3.Error as error:
            self.complaint = f"progress could not be kept in {self.path}: {error}"
        finally:
            database.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to read from; an empty database where there is none, or none that can be read."""
        database = (self._usable() or self._unwritable()) if self.path.exists() else None
        database = database or self._empty()
        try:
            yield database
        except sqlite3.Error as error:
            self.complaint = f"progress could not be read in {self.path}: {error}"
        finally:
            database.close()

    def _usable(self) -> sqlite3.Connection | None:
        """Return the database ready to be written, or None with a complaint."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self._prepared(sqlite3.connect(self.path, timeout=WAIT_SECONDS))
        except _NewerDatabase as error:
            self.complaint = f"{self.path} was written by a newer grader (version {error}); it is left alone"
        except sqlite3.OperationalError as error:
            self.complaint = f"progress cannot be kept in {self.path}: {error}"
        except sqlite3.DatabaseError:
            return self._begun_anew()
        except OSError as error:
            self.complaint = f"progress cannot be kept in {self.path.parent}: {error.strerror}"
        return None

    def _prepared(self, database: sqlite3.Connection) -> sqlite3.Connection:
        """Return the database with every table that is due; raise what makes it unusable."""
        try:
            found = database.execute("PRAGMA user_version").fetchone()[0]
            if found > self._version:
                raise _NewerDatabase(found)
            if found < self._version:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(f"BEGIN; {self._schema} PRAGMA user_version = {self._version}; COMMIT;")
            elif database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError
        except BaseException:
            database.close()
            raise
        return database

    def _unwritable(self) -> sqlite3.Connection | None:
        """Return the database as it lies in a place where nothing can be written."""
        try:
            database = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            if database.execute("PRAGMA user_version").fetchone()[0] == self._version:
                self.complaint = ""  # nothing is amiss as long as nothing is to be kept
                return database
            database.close()
        except (sqlite3.Error, ValueError):
            pass
        return None

    def _begun_anew(self) -> sqlite3.Connection | None:
        """Set a damaged file aside, never over another one, and begin a new one."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        try:
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(self.path.name + suffix).rename(aside.with_name(aside.name + suffix))
            database = self._prepared(sqlite3.connect(self.path, timeout=WAIT_SECONDS))
        except (OSError, sqlite3.Error):
            self.complaint = f"{self.path} is damaged and cannot be set aside; progress is not kept"
            return None
        self.complaint = f"{self.path} was damaged; it was set aside as {aside.name}, and a new one begins"
        return database

    def _empty(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:")
        database.executescript(self._schema)
        return database


class _NewerDatabase(Exception):
    """The database has a version that this grader does not know."""
