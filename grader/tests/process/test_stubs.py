"""A reset gives the stub back and an undo what was written, byte for byte, and nothing is ever lost on the way."""

import dataclasses
import os
import shutil
import subprocess

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.errors import UsageError
from grader.record import workspace as stubs

STUB = find("05").stub.read_bytes()
WRITTEN = find("05").solution.read_bytes()
ODD = WRITTEN.replace(b"\n", b"\r\n") + b"# caf\xe9 \xff\x00\r\r\n"


@pytest.fixture
def exercise(tmp_path, monkeypatch):
    """Exercise 05 in a checkout without history, as it was handed out and with the grader's copy of it."""
    (tmp_path / places.MARK).touch()
    monkeypatch.chdir(tmp_path)
    here = dataclasses.replace(places.curriculum(), stubs=tmp_path / "exercises")
    monkeypatch.setattr(places, "curriculum", lambda: here)
    monkeypatch.setattr(stubs, "exercises", lambda: (find("05"),))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    find("05").stub.parent.mkdir()
    find("05").stub.write_bytes(STUB)
    stubs.keep_untouched()
    return find("05")


def backups(exercise):
    return sorted((places.workspace().backups / exercise.name).glob("*"))


def forget_copy():
    shutil.rmtree(places.workspace().kept_stubs)


def git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments], cwd=folder, check=True,
        capture_output=True, env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
    )  # fmt: skip


def commit(exercise, content):
    folder = places.workspace().root
    exercise.stub.write_bytes(content)
    if not (folder / ".git").exists():
        git(folder, "init")
    git(folder, "add", "exercises")
    git(folder, "commit", "-m", "a version")


@pytest.mark.parametrize("written", [WRITTEN, ODD, b"x = (\n", b"\xef\xbb\xbf" + WRITTEN, STUB + b"\n"])
def test_reset_and_undo_keep_every_byte(exercise, written):
    exercise.stub.write_bytes(written)
    kept = stubs.reset(exercise)
    assert kept.read_bytes() == written
    assert exercise.stub.read_bytes() == STUB
    assert stubs.undo(exercise) == kept
    assert exercise.stub.read_bytes() == written
    assert not list(exercise.stub.parent.glob(".*"))


def test_there_is_nothing_to_reset(exercise):
    with pytest.raises(UsageError, match="nothing to reset"):
        stubs.reset(exercise)
    assert not backups(exercise)


def test_the_stub_with_other_ends_of_lines_is_still_the_stub(exercise):
    exercise.stub.write_bytes(STUB.replace(b"\n", b"\r\n"))
    with pytest.raises(UsageError, match="nothing to reset"):
        stubs.reset(exercise)


def test_the_stub_with_a_mark_at_its_beginning_is_still_untouched(exercise):
    assert stubs.is_untouched(exercise, (b"\xef\xbb\xbf" + STUB).decode())


def test_there_is_nothing_to_undo(exercise):
    with pytest.raises(UsageError, match="no backup"):
        stubs.undo(exercise)


def test_an_undo_twice_has_nothing_more_to_bring(exercise):
    exercise.stub.write_bytes(WRITTEN)
    stubs.reset(exercise)
    stubs.undo(exercise)
    with pytest.raises(UsageError, match="no backup"):
        stubs.undo(exercise)
    assert exercise.stub.read_bytes() == WRITTEN


def test_an_undo_keeps_what_it_replaces(exercise):
    begun = STUB.replace(b'raise NotImplementedError("step 1', b'answer = 1\n    raise NotImplementedError("step 1')
    assert begun != STUB
    for written in (WRITTEN, begun):
        exercise.stub.write_bytes(written)
        stubs.reset(exercise)
    exercise.stub.write_bytes(b"another = 1\n")
    stubs.undo(exercise)
    assert exercise.stub.read_bytes() == begun
    stubs.undo(exercise)
    assert exercise.stub.read_bytes() == b"another = 1\n"
    assert {WRITTEN, begun, b"another = 1\n"} <= {each.read_bytes() for each in backups(exercise)}


def test_what_is_begun_is_not_taken_for_the_stub(exercise):
    text = STUB.decode()
    begun = text.replace('raise NotImplementedError("step 1', 'answer = 1\n    raise NotImplementedError("step 1')
    assert stubs.is_untouched(exercise, text)
    assert not stubs.is_untouched(exercise, begun)
    assert not stubs.is_untouched(exercise, WRITTEN.decode())


def test_a_class_with_one_method_written_is_not_taken_for_the_stub():
    exercise = find("16")
    text = exercise.stub.read_text(encoding="utf-8")
    before, line, after = text.rpartition('raise NotImplementedError("step 3: LearnedScale")')
    assert line
    assert not stubs.is_untouched(exercise, f"{before}return x{after}")


@pytest.mark.parametrize("text", ["", "x = (", "\0", "\udcff", "(" * 5000, "-" * 200_000 + "1"], ids=range(6))
def test_what_is_no_python_is_not_taken_for_the_stub(exercise, text):
    assert not stubs.is_untouched(exercise, text)


def test_backups_are_never_overwritten(exercise, monkeypatch):
    monkeypatch.setattr(stubs.time, "strftime", lambda _: "2026-01-02-030405")
    kept = [stubs.back_up(places.workspace().backups / exercise.name, str(number)) for number in range(12)]
    assert len(set(kept)) == 12
    assert [each.read_text() for each in backups(exercise)] == [str(number) for number in range(12)]


def test_a_file_that_is_missing_is_restored_without_a_backup(exercise):
    exercise.stub.unlink()
    assert stubs.reset(exercise) is None
    assert exercise.stub.read_bytes() == STUB


def test_with_no_history_and_no_copy_nothing_is_changed(exercise):
    forget_copy()
    exercise.stub.write_bytes(WRITTEN)
    with pytest.raises(UsageError, match=r"no untouched 05_leaf_and_grad.py"):
        stubs.reset(exercise)
    assert exercise.stub.read_bytes() == WRITTEN


@pytest.mark.parametrize(
    ("name", "value", "said"), [("PATH", "", "git is not installed"), ("GIT_DIR", "/nowhere", "git says: fatal: ")]
)
def test_why_there_is_no_history_is_said(exercise, monkeypatch, name, value, said):
    forget_copy()
    exercise.stub.write_bytes(WRITTEN)
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=said):
        stubs.reset(exercise)


def test_with_no_copy_an_undo_keeps_even_what_may_be_the_stub(exercise):
    exercise.stub.write_bytes(WRITTEN)
    stubs.reset(exercise)
    forget_copy()
    stubs.undo(exercise)
    assert STUB in [each.read_bytes() for each in backups(exercise)]


def test_without_git_the_copy_serves(exercise, monkeypatch):
    monkeypatch.setenv("PATH", "")
    exercise.stub.write_bytes(WRITTEN)
    stubs.reset(exercise)
    assert exercise.stub.read_bytes() == STUB


def test_the_history_gives_the_stub_below_work_that_was_committed(exercise):
    forget_copy()
    older = STUB.replace(b"Leaves", b"An older text: leaves", 1)
    for content in (older, STUB, STUB.replace(b"raise NotImplementedError", b"return 1 or 1", 1), WRITTEN):
        commit(exercise, content)
    stubs.reset(exercise)
    assert exercise.stub.read_bytes() == STUB


def test_the_copy_is_kept_only_of_what_nobody_touched(exercise):
    forget_copy()
    exercise.stub.write_bytes(WRITTEN)
    stubs.keep_untouched()
    assert not list((places.workspace().kept_stubs).glob("*"))


def test_a_link_stays_a_link(exercise, tmp_path):
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_bytes(WRITTEN)
    exercise.stub.unlink()
    exercise.stub.symlink_to(elsewhere)
    stubs.reset(exercise)
    assert exercise.stub.is_symlink()
    assert elsewhere.read_bytes() == STUB


def test_what_cannot_be_read_is_not_replaced(exercise):
    exercise.stub.unlink()
    exercise.stub.mkdir()
    for work in (stubs.reset, stubs.undo):
        with pytest.raises(UsageError, match=r"cannot be read .*nothing was changed"):
            work(exercise)
    assert exercise.stub.is_dir()


def test_where_no_backup_can_be_kept_nothing_is_changed(exercise):
    exercise.stub.write_bytes(WRITTEN)
    (places.workspace().backups).write_text("in the way", encoding="utf-8")
    with pytest.raises(UsageError, match=r"no backup can be kept .*nothing was changed"):
        stubs.reset(exercise)
    assert exercise.stub.read_bytes() == WRITTEN


def test_a_file_that_cannot_be_written_stays_whole(exercise, monkeypatch):
    from pathlib import Path

    exercise.stub.write_bytes(WRITTEN)
    write = Path.write_bytes

    def full(path, content):
        if path.parent == exercise.stub.parent:
            write(path, content[:10])
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match="No space left"):
        stubs.reset(exercise)
    assert exercise.stub.read_bytes() == WRITTEN
    assert [each.name for each in exercise.stub.parent.iterdir()] == [exercise.stub.name]
