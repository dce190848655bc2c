"""What a child sends breaks nothing that reads it; `python -m grader.proofs.fuzz` tries a thousand times as many."""

import pytest

from grader.judging import witness
from grader.proofs.fuzz.__main__ import try_all


def test_a_thousand_inputs_break_nothing():
    try_all(1000, seed=1)


def test_a_reader_that_breaks_is_found(monkeypatch):
    """That the inputs reach the readers: one that cannot stand an empty list is found."""

    def brittle(name, called, answer, arrays):
        raise AssertionError("this reader is brittle")

    monkeypatch.setattr(witness, "seen", brittle)
    with pytest.raises(AssertionError, match="brittle"):
        try_all(30, seed=1)
