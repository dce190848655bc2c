"""Whatever state the database is found or left in, nothing in it is lost and one clear line says what is amiss."""

import contextlib
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from grader.record.database import Condition, Database
from grader.record.progress import MIGRATIONS

FIRST_SCHEMA = """
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, exercise TEXT NOT NULL, device TEXT NOT NULL, outcome TEXT NOT NULL,
    submission TEXT NOT NULL, checks TEXT NOT NULL, torch TEXT NOT NULL, seed INTEGER NOT NULL,
    steps_passed INTEGER NOT NULL, steps INTEGER NOT NULL, seconds REAL NOT NULL
);
INSERT INTO attempt VALUES (1, 1.5, '05_leaf_and_grad', 'cpu', 'passed', 'a', 'b', '2.13.0', 7, 6, 6, 0.2);
PRAGMA user_version = 1;
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "progress.sqlite3"


def opened(path):
    return Database(path, MIGRATIONS)


def keep(path, step, database=None):
    """Write one row; return what there was to complain of."""
    database = database or opened(path)
    with database.writing() as connection:
        connection.execute("INSERT INTO hint VALUES ('05', ?, 1)", (step,))
    return database.complaint


def kept(path):
    with opened(path).reading() as connection:
        return [step for (step,) in connection.execute("SELECT step FROM hint ORDER BY rowid")]


def damage(path):
    """Overwrite what follows the first page, so that the file still looks like a database."""
    with opened(path).writing() as connection:
        connection.executemany("INSERT INTO hint VALUES ('05', ?, 1)", [(f"step {number}",) for number in range(200)])
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    return path.read_bytes()


def test_reading_makes_no_file(path):
    assert kept(path) == []
    assert not path.parent.exists()


def test_a_writer_that_fails_leaves_nothing_half_done(path):
    database = opened(path)
    with database.writing() as connection:
        connection.execute("INSERT INTO hint VALUES ('05', 'first', 1)")
        connection.execute("INSERT INTO no_such_table VALUES (1)")
    assert "could not be kept" in database.complaint
    assert kept(path) == []


def test_a_database_that_is_as_large_as_it_may_be_is_said(path, monkeypatch):
    keep(path, "before")
    connect = sqlite3.connect

    def small(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    assert "full" in keep(path, "x" * 100_000)
    assert kept(path) == ["before"]


def test_the_first_version_keeps_its_attempts(path):
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST_SCHEMA)
    assert keep(path, "new") == ""
    with opened(path).reading() as connection:
        assert connection.execute("SELECT exercise, seed FROM attempt").fetchall() == [("05_leaf_and_grad", 7)]
    assert kept(path) == ["new"]


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_what_is_no_database_is_set_aside(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    assert opened(path).condition() is Condition.DAMAGED
    assert path.read_bytes() == content
    assert "set aside as progress.sqlite3.damaged-1" in keep(path, "new")
    assert path.with_name("progress.sqlite3.damaged-1").read_bytes() == content
    assert kept(path) == ["new"]


def test_damage_in_the_middle_is_found(path):
    damaged = damage(path)
    assert opened(path).condition() is Condition.DAMAGED
    assert "set aside" in keep(path, "new")
    assert path.with_name("progress.sqlite3.damaged-1").read_bytes() == damaged


def test_a_file_set_aside_is_never_overwritten(path):
    path.parent.mkdir()
    for content in (b"first" * 200, b"second" * 200):
        path.write_bytes(content)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        keep(path, "new")
    assert path.with_name("progress.sqlite3.damaged-1").read_bytes().startswith(b"first")
    assert path.with_name("progress.sqlite3.damaged-2").read_bytes().startswith(b"second")


def test_damage_that_another_grader_has_mended_is_not_set_aside_again(path):
    keep(path, "of the other one")
    database = opened(path)
    assert database._begun_anew() is not None
    assert kept(path) == ["of the other one"]
    assert not list(path.parent.glob("*damaged*"))


def test_a_newer_version_is_left_alone(path):
    keep(path, "newer")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    database = opened(path)
    assert "newer grader (version 99)" in keep(path, "x", database)
    assert opened(path).condition() is Condition.NEWER
    assert kept(path) == []
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_said_only_when_there_is_something_to_keep(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    path = tmp_path / "file" / "progress.sqlite3"
    database = opened(path)
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM hint").fetchone() == (0,)
    assert database.complaint == ""
    assert database.condition() is Condition.UNWRITABLE
    assert "cannot be kept" in keep(path, "x", database)
    with database.reading():
        pass
    assert "cannot be kept" in database.complaint


@pytest.mark.skipif(not os.path.isdir("/sys/kernel"), reason="there is no file system here that nobody can write")
def test_a_read_only_file_system_is_said():

    path = Path("/sys/kernel/progress.sqlite3")
    assert opened(path).condition() is Condition.UNWRITABLE
    assert "cannot be kept" in keep(path, "x")
    assert kept(path) == []


def test_what_lies_where_nothing_can_be_written_is_read(path, monkeypatch):
    """An older version too: it is brought up to date in memory."""
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST_SCHEMA)
    before = path.read_bytes()
    connect = sqlite3.connect

    def read_only(place, **options):
        return connect(f"{path.as_uri()}?mode=ro" if place == path else place, **{"uri": True, **options})

    monkeypatch.setattr(sqlite3, "connect", read_only)
    database = opened(path)
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM attempt").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM hint").fetchone() == (0,)
    assert database.complaint == ""
    assert "cannot be kept" in keep(path, "x")
    assert path.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permissions_is_said(path):
    keep(path, "before")
    path.parent.chmod(0)
    try:
        assert opened(path).condition() is Condition.UNREADABLE
        assert kept(path) == []
        assert "cannot be kept" in keep(path, "x")
    finally:
        path.parent.chmod(stat.S_IRWXU)
    assert kept(path) == ["before"]


def test_a_folder_in_place_of_the_file_is_said(path):
    path.mkdir(parents=True)
    assert opened(path).condition() is Condition.UNREADABLE
    assert "cannot be kept" in keep(path, "x")


def test_looking_changes_nothing(path):
    keep(path, "before")
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    assert opened(path).condition() is Condition.OK
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before
    assert opened(path.with_name("another")).condition() is Condition.ABSENT


@contextlib.contextmanager
def held(path):
    """Hold a database as a program does that has an unsaved change."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_while_another_program_holds_it_one_line_says_so(path, monkeypatch):
    keep(path, "before")
    monkeypatch.setattr("grader.record.database.WAIT_SECONDS", 0.1)
    with held(path):
        database = opened(path)
        assert "another program holds" in keep(path, "lost", database)
        assert kept(path) == ["before"]
    assert keep(path, "after") == ""
    assert kept(path) == ["before", "after"]


def test_whoever_holds_it_is_waited_for_once(path, monkeypatch):
    keep(path, "before")
    monkeypatch.setattr("grader.record.database.WAIT_SECONDS", 0.1)
    monkeypatch.setattr("grader.record.database.IMPATIENT_SECONDS", 0.0)
    waits = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **o: waits.append(o.get("timeout")) or connect(*a, **o))
    with contextlib.closing(connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database = opened(path)
        keep(path, "lost", database)
        keep(path, "lost, too", database)
    assert [each for each in waits if each is not None] == [0.1, 0.0]


def test_a_database_of_an_older_grader_gets_new_columns(path):
    keep(path, "before")
    newer = (*MIGRATIONS, "ALTER TABLE hint ADD COLUMN at REAL NOT NULL DEFAULT 0; CREATE TABLE new (x INTEGER)")
    with Database(path, newer).reading() as connection:
        assert list(connection.execute("SELECT step, at FROM hint")) == [("before", 0.0)]
        assert list(connection.execute("SELECT * FROM new")) == []
    assert opened(path).condition() is Condition.NEWER


def test_a_table_that_somebody_dropped_is_a_damage(path):
    keep(path, "before")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE met")
    assert "set aside" in keep(path, "after")
    assert kept(path) == ["after"]


def test_a_pipe_in_its_place_is_said_and_not_waited_for(path):
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert "not a file" in keep(path, "x")
    assert kept(path) == []
    assert opened(path).condition() is Condition.UNREADABLE
