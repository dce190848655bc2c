"""What was proved is kept under a hash of all that it depends on, and is proved again once any of that changes."""

import importlib.metadata
import json

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.proofs import kept as module
from grader.proofs.audit import Audit
from grader.proofs.kept import Kept, surroundings

EXERCISE = find("05")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace of its own, so that nobody's verdicts are touched; where the verdicts on answers are kept."""
    (tmp_path / places.MARK).touch()
    monkeypatch.chdir(tmp_path)
    return places.workspace().verdicts / "answers"


@pytest.fixture
def anew():
    """Have the hash of the surroundings be computed again, before and after."""
    surroundings.cache_clear()
    yield surroundings
    surroundings.cache_clear()


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[]", "3"])
def test_a_damaged_file_holds_nothing(folder, text):
    folder.mkdir(parents=True)
    (folder / f"{EXERCISE.name}.json").write_text(text)
    assert Kept(EXERCISE, "answers").get("a") is None


def test_what_cannot_be_written_is_not_kept(folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder should be")
    Kept(EXERCISE, "answers").write({"key": True})
    assert Kept(EXERCISE, "answers").get("key") is None


def test_verdicts_are_kept_as_json(folder):
    Kept(EXERCISE, "answers").write({"key": True})
    assert json.loads((folder / f"{EXERCISE.name}.json").read_text()) == {"key": True}
    assert Kept(EXERCISE, "answers").get("key")
    assert Kept(EXERCISE, "answers", afresh=True).get("key") is None


def test_every_part_of_a_key_counts(folder):
    kept = Kept(EXERCISE, "answers")
    keys = {
        kept.key("text", 1),
        kept.key("text", 2),
        kept.key("another", 1),
        Kept(find("06"), "answers").key("text", 1),
    }
    assert len(keys) == 4
    assert kept.key("text", 1) == Kept(EXERCISE, "answers").key("text", 1)


@pytest.mark.parametrize("name", ["judging", "sandbox", "vocabulary", "curriculum/preload", "verdict.py"])
def test_code_that_a_verdict_comes_from_counts(anew, tmp_path, monkeypatch, name):
    code, before = tmp_path / name, anew()
    monkeypatch.setattr(module, "CODE", (*module.CODE, str(code)))
    code.parent.mkdir(parents=True, exist_ok=True)
    code.write_text("x = 1")
    anew.cache_clear()
    assert name in module.CODE
    assert anew() != before


def test_data_counts(anew, monkeypatch):
    before = anew()
    monkeypatch.setattr(module, "DATA", ("digits",))
    anew.cache_clear()
    assert anew() != before


def test_versions_count(anew, monkeypatch):
    before = anew()
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: ())
    anew.cache_clear()
    assert anew() != before


class NoGrader:
    """Stands where graders are left: there must be none."""

    def enter_context(self, _):
        raise AssertionError("a grader was started")


def test_an_audit_of_what_has_not_changed_grades_nothing(folder, monkeypatch):
    monkeypatch.setattr(Kept, "get", lambda self, key: True)
    findings = Audit(EXERCISE, [1, 2], Kept(EXERCISE, "answers"), NoGrader()).run()
    assert findings.clean
    assert findings.wrong > 10
