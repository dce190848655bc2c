"""Progress is kept, grows stale with what it depends on, and never stands in the way of a grading."""

import dataclasses
import sqlite3

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.record.progress import Progress, State, torch_version
from grader.verdict import Outcome, Verdict


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """An exercise whose files may be changed."""
    import shutil

    package = places.PACKAGE
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "README.md").touch()
    for path in (find("05").stub, find("05").checks, find("05").probe):
        target = tmp_path / path.relative_to(package.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "grader")
    return find("05")


def verdict(exercise, outcome=Outcome.PASSED):
    import hashlib

    digest = hashlib.sha256(exercise.stub.read_bytes()).hexdigest()
    return Verdict(
        exercise.name,
        exercise.title,
        str(exercise.stub),
        digest,
        "cpu",
        1,
        outcome,
        (),
        (),
        {"torch": torch_version()},
        0.1,
    )


def state(progress, exercise, device="cpu"):
    return progress.states((exercise,), device)[exercise.name]


def test_an_attempt_and_a_pass_are_kept(tmp_path, copy):
    progress = Progress(tmp_path / "p" / "progress.sqlite3")
    assert state(progress, copy) is State.NOT_STARTED
    progress.record(copy, [verdict(copy, Outcome.FAILED)])
    assert state(progress, copy) is State.IN_WORK
    progress.record(copy, [verdict(copy)])
    assert state(Progress(tmp_path / "p" / "progress.sqlite3"), copy) is State.PASSED
    assert state(progress, copy, "cuda") is State.NOT_STARTED


@pytest.mark.parametrize("what", ["stub", "checks", "probe"])
def test_a_pass_grows_stale_with_what_it_depends_on(tmp_path, copy, what):
    progress = Progress(tmp_path / "progress.sqlite3")
    progress.record(copy, [verdict(copy)])
    path = getattr(copy, what)
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert state(progress, copy) is State.STALE


def test_a_pass_under_another_torch_is_stale(tmp_path, copy):
    progress = Progress(tmp_path / "progress.sqlite3")
    progress.record(copy, [dataclasses.replace(verdict(copy), versions={"torch": "0.4.0"})])
    assert state(progress, copy) is State.STALE


def test_an_unavailable_device_is_no_attempt(tmp_path, copy):
    progress = Progress(tmp_path / "progress.sqlite3")
    progress.record(copy, [verdict(copy, Outcome.UNAVAILABLE)])
    assert state(progress, copy) is State.NOT_STARTED


def test_a_damaged_database_is_set_aside_and_kept(tmp_path, copy):
    path = tmp_path / "progress.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    progress = Progress(path)
    progress.record(copy, [verdict(copy)])
    assert "set aside" in progress.complaint
    assert (tmp_path / "progress.sqlite3.damaged-1").read_bytes().startswith(b"this is no database")
    progress.record(copy, [verdict(copy)])
    assert state(progress, copy) is State.PASSED


def test_a_database_of_a_newer_grader_is_left_alone(tmp_path, copy):
    path = tmp_path / "progress.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    progress = Progress(path)
    progress.record(copy, [verdict(copy)])
    assert "newer" in progress.complaint
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_said(tmp_path, copy):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    progress = Progress(tmp_path / "file" / "progress.sqlite3")
    progress.record(copy, [verdict(copy)])
    assert "cannot be kept" in progress.complaint
