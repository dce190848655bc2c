"""The audit finds every hole in an exercise's matrix of borders, and everything in it that is not so."""

import ast

import pytest

from grader.catalogue.borders import borders, kinds
from grader.catalogue.catalogue import Check
from grader.errors import UsageError
from grader.judging.overlay import definitions
from grader.proofs.borders import arguments, holes

STUB = """
def halve(x, count):
    raise NotImplementedError
"""
KINDS = {"step": {"twice": "again"}, "tensor": {"empty": "nothing", "equal": "square"}, "integer": {"one": "1"}}
CHECKS = (
    Check("test_halve", "halve", "halves"),
    Check("test_kept", "halve", "keeps"),
    Check("test_other", "other", ""),
)
WHOLE = """
[halve]
step = { twice = "nothing is kept" }
x = { kind = "tensor", empty = "test_halve, test_kept", equal = "the sizes are never equal" }
count = { kind = "integer", one = "test_halve", "a million" = "as many as any other" }
"""


@pytest.fixture
def found(tmp_path):
    """What is found in a matrix, for the checks of one step."""

    def find(text, stub=STUB, checks=CHECKS[:2]):
        file = tmp_path / "38_halves.toml"
        file.write_text(text, encoding="utf-8")
        return list(holes(definitions(stub), checks, borders(file), KINDS))

    return find


def test_nothing_is_found_where_nothing_is_missing(found):
    assert found(WHOLE) == []


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("[halve]", "[third]", ["halve has no table", "there is a table for third, which is no step"]),
        ("count = ", "amount = ", ["halve.count has no row", "halve has a row for amount, which is none of its"]),
        ("step = {", "count2 = {", ["halve has no row for the step itself"]),
        ('"integer"', '"number"', ["halve.count: there is no kind 'number'"]),
        ('kind = "integer", ', "", ["halve.count: there is no kind ''"]),
        ('empty = "test_halve, test_kept", ', 'bare = "test_kept", ', ["halve.x: nothing is said of empty"]),
        ('"nothing is kept"', '"not needed"', ["halve.step: what is said of twice is neither a check nor a reason"]),
        ("test_kept", "test_gone", ["halve.x: the step has no check test_gone", "no border names test_kept"]),
        (", test_kept", "", ["no border names test_kept: what is it for?"]),
    ],
)
def test_a_hole_is_found(found, was, now, said):
    assert WHOLE.count(was) == 1
    told = "; ".join(found(WHOLE.replace(was, now)))
    assert all(each in told for each in said)


def test_a_check_of_another_step_goes_to_no_border_of_this_one(found):
    told = found(WHOLE.replace("test_kept", "test_other"), checks=[*CHECKS])
    assert "halve.x: the step has no check test_other" in told


def test_a_class_has_the_arguments_of_the_methods_that_the_learner_writes():
    [node] = ast.parse("""
class Scale(Module):
    def __init__(self, size):
        super().__init__()
    def forward(self, x):
        raise NotImplementedError
    def given(self, other):
        return other
    @staticmethod
    def backward(ctx, upstream):
        raise NotImplementedError
""").body
    assert arguments(node) == {"__init__": ("size",), "forward": ("x",), "backward": ("upstream",)}


def test_a_row_may_hold_for_one_method_and_for_an_argument_called_step(found):
    stub = "def write(step):\n    raise NotImplementedError\n"
    text = '[write]\nstep = { twice = "nothing is kept" }\n'
    assert found(text, stub, ()) == ["write.step has no row"]
    assert found(f'{text}"write.step" = {{ kind = "integer", one = "as any other" }}\n', stub, ()) == []


@pytest.mark.parametrize("text", ["[halve", "halve = 3", "[halve]\nx = 3", "[halve]\nx = { kind = 3 }"])
def test_a_file_that_is_not_such_a_matrix_is_said_to_be_none(found, text):
    with pytest.raises(UsageError, match=r"38_halves\.toml"):
        found(text)


def test_every_border_of_every_kind_has_a_meaning():
    assert kinds()["step"]
    assert all(isinstance(text, str) and text for kind in kinds().values() for text in kind.values())
