"""Changed solutions are graded once; a verdict is kept only as long as it holds."""

from __future__ import annotations

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.proofs.kept import Kept
from grader.proofs.mutants import graded as mutation
from grader.proofs.mutants.operators import mutants

EXERCISE = find("05")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / places.MARK).touch()
    monkeypatch.chdir(tmp_path)
    return places.workspace().verdicts


def _few(grader, seed=1):
    kept = Kept(EXERCISE, "mutants")
    return mutation.grade_mutants(EXERCISE, grader, kept, seed, part=0, parts=25), kept


def test_parts_make_up_the_whole(grader, folder):
    kept = Kept(EXERCISE, "mutants")
    for part in range(25):
        mutation.grade_mutants(EXERCISE, grader, kept, 1, part, 25)
    assert len(kept.used) == len(list(mutants(EXERCISE)))


def test_a_kept_verdict_is_used(grader, folder):
    _, kept = _few(grader)
    kept.write(dict.fromkeys(kept.used, True))
    found, again = _few(grader)
    assert len(found.mutants_accepted) == found.mutants == len(again.used)


def test_another_seed_is_graded_anew(grader, folder):
    _, kept = _few(grader)
    kept.write(dict.fromkeys(kept.used, True))
    found, _ = _few(grader, seed=2)
    assert not found.mutants_accepted


def test_a_step_that_is_said_to_have_no_graph_must_have_none(grader, monkeypatch):
    said = {"build_four": "none, they say", "predict_row": "no tensor is made"}
    monkeypatch.setattr(mutation, "without_graph", lambda exercise: said)
    (problem,) = mutation.graphs_after_all(EXERCISE, grader, 1)
    assert "build_four works without a graph, but" in problem
