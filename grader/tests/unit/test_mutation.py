"""Changed solutions: what is changed, how a change is called, and how verdicts are kept."""

from __future__ import annotations

import json

import pytest

from grader.catalogue.catalogue import find
from grader.proofs.mutants import graded as mutation
from grader.proofs.mutants.operators import mutants

EXERCISE = find("05")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "FOLDER", tmp_path / "mutants")
    return tmp_path / "mutants"


def test_every_mutant_has_a_key_and_a_text_of_its_own():
    found = list(mutants(EXERCISE))
    assert len({mutant.key for mutant in found}) == len(found) == len({mutant.text for mutant in found})


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[]"])
def test_a_damaged_file_is_graded_anew(folder, text):
    folder.mkdir()
    (folder / f"{EXERCISE.name}.json").write_text(text)
    assert mutation.kept_verdicts(EXERCISE) == {}


def test_what_cannot_be_written_is_not_kept(folder):
    folder.write_text("a file where the folder should be")
    mutation.keep_verdicts(EXERCISE, {"key": True})
    assert mutation.kept_verdicts(EXERCISE) == {}


def test_verdicts_are_kept_as_json(folder):
    mutation.keep_verdicts(EXERCISE, {"key": True})
    assert json.loads((folder / f"{EXERCISE.name}.json").read_text()) == {"key": True}


def test_a_graph_is_cut_only_where_there_is_one():
    def cuts(name: str) -> set[str]:
        return {each.step for each in mutants(find(name)) if "no_grad" in each.key or ".detach()" in each.key}

    assert "forward" not in cuts("08")
    assert "middle_and_leaf" in cuts("05")
