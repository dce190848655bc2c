"""Changed solutions are graded once; a verdict is kept only as long as it holds."""

from __future__ import annotations

import pytest

from grader.catalogue.catalogue import find
from grader.proofs.mutants import graded as mutation
from grader.proofs.mutants.operators import mutants

EXERCISE = find("05")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "FOLDER", tmp_path / "mutants")
    return tmp_path / "mutants"


def _few(grader):
    return mutation.grade_mutants(EXERCISE, grader, 1, part=0, parts=25)


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


def test_a_step_that_is_said_to_have_no_graph_must_have_none(grader, monkeypatch):
    said = {"build_four": "none, they say", "predict_row": "no tensor is made"}
    monkeypatch.setattr(mutation, "without_graph", lambda exercise: said)
    (problem,) = mutation.graphs_after_all(EXERCISE, grader, 1)
    assert "build_four works without a graph, but" in problem
