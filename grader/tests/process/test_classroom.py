"""Repositories of a git classroom are read as data: what was committed, and without git."""

import subprocess

import pytest
from dulwich import porcelain

from grader.batch.gather import gather
from grader.batch.rosters.read import read_roster
from grader.catalogue.catalogue import exercises

LEAF = "05_leaf_and_grad"
CODE = "def switch_on(x): ...\n"


@pytest.fixture
def repositories(tmp_path, monkeypatch):
    for who in ("jane", "ron"):
        root = tmp_path / "all" / f"kata-{who}"
        file = root / "src" / f"{LEAF}.py"
        file.parent.mkdir(parents=True)
        file.write_text(CODE)
        porcelain.init(str(root))
        porcelain.add(str(root), [str(file)])
        porcelain.commit(
            str(root), message=b"done", author=b"a <a@b>", committer=b"a <a@b>", commit_timestamp=1_700_000_000
        )
        file.write_text("not committed")
    (tmp_path / "all" / "kata-zoe").mkdir()
    porcelain.init(str(tmp_path / "all" / "kata-zoe"))
    monkeypatch.setattr(subprocess, "Popen", None)  # git obeys what a repository's own settings say
    return tmp_path / "all"


def read(path):
    found = read_roster(path)
    return found, gather(found.source, found.handed_in, exercises())


def test_what_was_committed_is_read(repositories):
    roster, found = read(repositories)
    assert roster.what == "repositories of a git classroom"
    assert {(each.student, each.text, each.at) for each in found.submissions} == {
        ("jane", CODE, 1_700_000_000.0),
        ("ron", CODE, 1_700_000_000.0),
    }
    assert [(each.path, each.why) for each in found.strays] == [("kata-zoe", "has no commit")]


def test_a_repository_that_has_what_lies_elsewhere_is_not_read(repositories):
    alternates = repositories / "kata-ron" / ".git" / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(str(repositories / "kata-jane" / ".git" / "objects"))
    _, found = read(repositories)
    assert {each.path: each.why for each in found.strays}["kata-ron"] == "is no sound repository (ValueError)"
    assert [each.student for each in found.submissions] == ["jane"]
