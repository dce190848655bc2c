"""Changed solutions: what is changed, how a change is called, and that a verdict is kept only as long as it holds."""

from __future__ import annotations

import json

import pytest

from grader.catalogue.catalogue import find
from grader.judging.grading import Grader
from grader.proofs.mutants import graded as mutation
from grader.proofs.mutants.operators import mutants

EXERCISE = find("05")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "FOLDER", tmp_path / "mutants")
    return tmp_path / "mutants"


@pytest.fixture(scope="module")
def grader():
    with Grader() as grader:
        yield grader


def _few(grader):
    return mutation.grade_mutants(EXERCISE, grader, 1, part=0, parts=25)


def test_every_mutant_has_a_key_and_a_text_of_its_own():
    found = list(mutants(EXERCISE))
    assert len({mutant.key for mutant in found}) == len(found) == len({mutant.text for mutant in found})


def test_parts_make_up_the_whole(grader, folder):
    kept = {key for part in range(25) for key in mutation.grade_mutants(EXERCISE, grader, 1, part, 25)[1]}
    assert len(kept) == len(list(mutants(EXERCISE)))


def test_a_kept_verdict_is_used(grader, folder):
    _, verdicts = _few(grader)
    mutation.keep_verdicts(EXERCISE, dict.fromkeys(verdicts, True))
    found, again = _few(grader)
    assert len(found.mutants_accepted) == found.mutants == len(again)


def test_another_seed_is_graded_anew(grader, folder):
    _, verdicts = _few(grader)
    mutation.keep_verdicts(EXERCISE, dict.fromkeys(verdicts, True))
    found, _ = mutation.grade_mutants(EXERCISE, grader, 2, part=0, parts=25)
    assert not found.mutants_accepted


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


def test_a_step_that_is_said_to_have_no_graph_must_have_none(grader, monkeypatch):
    said = {"build_four": "none, they say", "predict_row": "no tensor is made"}
    monkeypatch.setattr(mutation, "without_graph", lambda exercise: said)
    (problem,) = mutation.graphs_after_all(EXERCISE, grader, 1)
    assert "build_four works without a graph, but" in problem
