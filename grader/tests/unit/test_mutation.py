"""Changed solutions: what is changed, how a change is called, and how verdicts are kept."""

from __future__ import annotations

from grader.catalogue.catalogue import find
from grader.proofs.mutants.operators import mutants

EXERCISE = find("05")


def test_every_mutant_has_a_key_and_a_text_of_its_own():
    found = list(mutants(EXERCISE))
    assert len({mutant.key for mutant in found}) == len(found) == len({mutant.text for mutant in found})


def test_a_graph_is_cut_only_where_there_is_one():
    def cuts(name: str) -> set[str]:
        return {each.step for each in mutants(find(name)) if "no_grad" in each.key or ".detach()" in each.key}

    assert "forward" not in cuts("08")
    assert "middle_and_leaf" in cuts("05")
