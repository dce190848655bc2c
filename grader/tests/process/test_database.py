"""Writers that come together, are killed or run out of room: the database keeps what it held."""

import os
import resource
import signal
import sqlite3
import tempfile
from pathlib import Path

import pytest

from grader.record.database import Condition
from grader.tests.unit.test_database import keep, kept, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "progress.sqlite3"


def in_child(work):
    """Do something in a forked process; return how that ended, as os.waitpid tells it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def test_eight_that_begin_at_once_lose_nothing(path):
    gate, opener = os.pipe()

    def write_rows(number):
        os.close(opener)
        os.read(gate, 1)
        os._exit(any(keep(path, f"{number}-{row}") for row in range(5)))

    children = []
    for number in range(8):
        children.append(os.fork())
        if not children[-1]:
            try:
                write_rows(number)
            finally:
                os._exit(1)
    os.close(gate)
    os.close(opener)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert len(set(kept(path))) == 40


def test_a_writer_that_is_killed_leaves_what_was_there_and_no_lock(path):
    keep(path, "before")

    def half_done():
        with opened(path).writing() as connection:
            connection.execute("INSERT INTO hint VALUES ('05', 'half', 1)")
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.WTERMSIG(in_child(half_done)) == signal.SIGKILL
    assert kept(path) == ["before"]
    assert keep(path, "after") == ""
    assert kept(path) == ["before", "after"]


def test_a_log_that_a_killed_writer_left_is_read(path):
    keep(path, "before")

    def done_but_not_closed():
        connection = sqlite3.connect(path)
        connection.execute("INSERT INTO hint VALUES ('05', 'in the log', 1)")
        connection.commit()
        os.kill(os.getpid(), signal.SIGKILL)

    in_child(done_but_not_closed)
    assert path.with_name("progress.sqlite3-wal").stat().st_size
    assert opened(path).condition() is Condition.OK
    assert kept(path) == ["before", "in the log"]


def limited(size, work):
    """Do something where no file may grow beyond a size, as on a disk that is full."""

    def there():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        work()

    return in_child(there)


def test_a_full_disk_is_said_and_what_was_there_stays(path):
    keep(path, "before")

    def work():
        complaint = keep(path, "x" * 100_000)
        assert "could not be kept" in complaint or "cannot be kept" in complaint
        assert "\n" not in complaint
        assert "before" in kept(path)

    assert limited(path.stat().st_size, work) == 0
    assert kept(path) == ["before"]
    assert not list(path.parent.glob("*damaged*"))


def test_a_disk_that_is_full_from_the_beginning_is_said(path):
    def work():
        assert "kept" in keep(path, "x")
        assert kept(path) == []

    assert limited(0, work) == 0
    assert keep(path, "room again") == ""
    assert kept(path) == ["room again"]


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user, whom no permission helps")
def test_what_was_read_only_once_can_be_written_again():
    nobody = 65534
    folder = tempfile.TemporaryDirectory()  # where everybody may look; pytest's own folders are for their owner
    path = Path(folder.name) / "progress.sqlite3"

    def use(step):
        def work():
            os.setuid(nobody)
            keep(path, step)

        assert in_child(work) == 0

    path.parent.chmod(0o777)
    use("before")
    path.chmod(0o444)
    use("lost")
    path.chmod(0o644)
    use("after")
    assert kept(path) == ["before", "after"]
    folder.cleanup()
