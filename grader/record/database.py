"""Opens the learner's database so that nothing in it is lost, whatever state it is found in."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from grader import files

WAIT_SECONDS = 5.0  # for another grader to finish its writing
IMPATIENT_SECONDS = 0.1  # once that was in vain
PAGE = 4096  # bytes: as much as the smallest change needs


class Condition(StrEnum):
    """How a database is found."""

    ABSENT = "not there yet"
    OK = "ok"
    DAMAGED = "damaged"
    NEWER = "from a newer version"
    UNREADABLE = "unreadable"
    UNWRITABLE = "not writable"


class Database:
    """A SQLite file. It never stops a grading: what cannot be read or kept is said in `complaint`.

    `migrations` holds SQL that brings a database from each version to the next; their number is the newest version.
    A damaged file is set aside and a new one begun; one of a newer version is left alone; where nothing can be
    written, what is there is still read.
    """

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        self.path = path
        self.complaint = ""
        self._migrations = migrations
        self._version = len(migrations)
        self._patience = WAIT_SECONDS

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose changes are kept together or not at all; where that fails, `complaint` says so."""
        database = self._begun() or self._empty()
        try:
            with database:
                yield database
        except sqlite3.Error as error:
            self._complain_of(error, "could ")
        finally:
            database.close()

    def _begun(self) -> sqlite3.Connection | None:
        """Return the database in a transaction: what is read in it is still so when it is written."""
        database = self._usable()
        try:
            if database:
                database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            database.close()  # type: ignore[union-attr]
            database = None
            self._complain_of(error)
        return database

    def _complain_of(self, error: sqlite3.Error, tense: str = "can") -> None:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            self._patience = IMPATIENT_SECONDS  # whoever holds it has been waited for long enough
            self.complaint = f"progress {tense}not be kept: another program holds {self.path}"
        else:
            self.complaint = f"progress {tense}not be kept in {self.path}: {error}"

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection to read from; an empty database where there is none, or none that can be read."""
        said_before = self.complaint
        database = self._usable() if self._is_there() else None
        if database is None and (database := self._unwritable()):
            self.complaint = said_before  # nothing is amiss as long as nothing is to be kept
        database = database or self._empty()
        try:
            yield database
        except sqlite3.Error as error:
            self.complaint = f"progress could not be read in {self.path}: {error}"
        finally:
            database.close()

    def condition(self) -> Condition:
        """Return how the database is, changing nothing: it is neither set aside nor brought up to date."""
        if not self._is_there():
            return Condition.ABSENT if _can_write(self.path) else Condition.UNWRITABLE
        try:
            with contextlib.closing(self._opened_to_read()) as database:
                if database.execute("PRAGMA user_version").fetchone()[0] > self._version:
                    return Condition.NEWER
                if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    return Condition.DAMAGED
        except sqlite3.OperationalError:
            return Condition.UNREADABLE
        except sqlite3.DatabaseError:
            return Condition.DAMAGED
        return Condition.OK if _can_write(self.path) else Condition.UNWRITABLE

    def _is_there(self) -> bool:
        try:
            return self.path.exists()
        except OSError:  # in a folder that may not be looked into; opening it will say so
            return True

    def _usable(self) -> sqlite3.Connection | None:
        """Return the database ready to be written, or None with a complaint."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_file():
                self.complaint = f"progress cannot be kept in {self.path}, which is not a file"
                return None
            return self._prepared()
        except _NewerDatabase as error:
            self.complaint = f"{self.path} was written by a newer grader (version {error}); it is left alone"
        except sqlite3.OperationalError as error:
            self._complain_of(error)
        except sqlite3.DatabaseError:
            return self._begun_anew()
        except OSError as error:
            self.complaint = f"progress cannot be kept in {self.path.parent}: {error.strerror}"
        return None

    def _prepared(self) -> sqlite3.Connection:
        """Return the database with every table that it should have; raise what makes it unusable."""
        self._take_back_what_was_read_only()
        database = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None)
        try:
            found = database.execute("PRAGMA user_version").fetchone()[0]
            if found > self._version:
                raise _NewerDatabase(found)
            if found < self._version:
                # The switch does not wait where others begin too; one of them makes it, and it lasts.
                with contextlib.suppress(sqlite3.OperationalError):
                    database.execute("PRAGMA journal_mode = WAL")
                self._bring_up_to_date(database)
            elif not self._is_whole(database):
                raise sqlite3.DatabaseError
        except BaseException:
            database.close()
            raise
        return database

    def _is_whole(self, database: sqlite3.Connection) -> bool:
        sound = database.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        return sound and _tables(database) == _tables_after(tuple(self._migrations))

    def _take_back_what_was_read_only(self) -> None:
        """Make SQLite's files beside the database writable again, where it is.

        SQLite gives them the database's own mode when it makes them, and a mode that was changed back leaves theirs.
        """
        if not os.access(self.path, os.W_OK):
            return
        for suffix in ("-wal", "-shm"):
            beside = self.path.with_name(self.path.name + suffix)
            with contextlib.suppress(OSError):
                if not os.access(beside, os.W_OK):
                    beside.chmod(self.path.stat().st_mode & 0o777)

    def _bring_up_to_date(self, database: sqlite3.Connection) -> None:
        """Take every step that is missing. With IMMEDIATE a second grader waits for its turn in place of failing."""
        with database:
            database.execute("BEGIN IMMEDIATE")
            found = database.execute("PRAGMA user_version").fetchone()[0]
            _migrate(database, self._migrations[found:])
            database.execute(f"PRAGMA user_version = {max(found, self._version)}")

    def _opened_to_read(self) -> sqlite3.Connection:
        """Return the database opened so that nothing in it is written; raise what makes that impossible.

        A killed grader may have left a log of changes beside it, which is read too. Without one, and where no log
        can be opened, immutable tells SQLite to look for none and to leave nothing beside the file.
        """
        if not self.path.is_file():
            raise sqlite3.OperationalError("it is not a file")
        has_log = self.path.with_name(f"{self.path.name}-wal").exists()
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        for each in (address, f"{address}&immutable=1")[not has_log :]:
            database = sqlite3.connect(each, uri=True, timeout=self._patience)
            try:
                database.execute("PRAGMA user_version")
            except sqlite3.Error as error:
                database.close()
                failed = error
            else:
                return database
        raise failed

    def _unwritable(self) -> sqlite3.Connection | None:
        """Return a copy in memory, up to date, of the database as it lies where nothing can be written."""
        if not self._is_there():
            return None
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            with contextlib.closing(self._opened_to_read()) as database:
                database.backup(copy)
            if copy.execute("PRAGMA user_version").fetchone()[0] <= self._version:
                self._bring_up_to_date(copy)
                return copy
        except (sqlite3.Error, ValueError, OSError):
            pass
        copy.close()
        return None

    def _begun_anew(self) -> sqlite3.Connection | None:
        """Set a damaged file aside, never over another one, and begin a new one."""
        try:
            with self._one_at_a_time():
                with contextlib.suppress(sqlite3.DatabaseError):
                    return self._prepared()  # another grader has mended it meanwhile
                aside = self._set_aside()
                database = self._prepared()
        except (OSError, sqlite3.Error):
            self.complaint = f"{self.path} is damaged and cannot be set aside; progress is not kept"
            return None
        self.complaint = f"{self.path} was damaged; it was set aside as {aside.name}, and a new one was started"
        return database

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Wait until no other grader sets this file aside; a killed one holds nobody up."""
        import filelock  # only here: most commands never need it, and are to answer at once

        with filelock.FileLock(self.path.with_name(f"{self.path.name}.lock")):
            yield

    def _set_aside(self) -> Path:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            before, after = (each.with_name(each.name + suffix) for each in (self.path, aside))
            with contextlib.suppress(FileNotFoundError):
                files.patiently(functools.partial(before.rename, after))
        return aside

    def _empty(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:", isolation_level=None)
        self._bring_up_to_date(database)
        return database


def _migrate(database: sqlite3.Connection, steps: Sequence[str]) -> None:
    for statement in filter(str.strip, ";".join(steps).split(";")):
        database.execute(statement)


@functools.cache
def _tables_after(migrations: tuple[str, ...]) -> dict[str, list[str]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        _migrate(database, migrations)
        return _tables(database)


def _tables(database: sqlite3.Connection) -> dict[str, list[str]]:
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [row[1] for row in database.execute(f"PRAGMA table_info({name})")] for name in names}


def _can_write(path: Path) -> bool:
    """Return whether a file can be written, or made in the nearest folder above it, found out by trying beside it."""
    there = next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))
    try:
        with tempfile.TemporaryFile(dir=there.parent if there == path else there) as file:
            file.write(bytes(PAGE))
    except OSError:
        return False
    return there != path or os.access(path, os.W_OK)


class _NewerDatabase(Exception):
    """The database has a version that this grader does not know."""
