"""What came back and what was expected never read alike, whatever the kind of value that they are."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.sandbox.parent.thaw import Thaw
from grader.sandbox.shared.freeze import Freezer
from grader.sandbox.shared.seen import Called, Seen
from grader.vocabulary.closeness import same
from grader.vocabulary.ending import Ending
from grader.vocabulary.expect import expect

LONG = torch.arange(40.0)


def seen(value):
    freezer = Freezer()
    return Thaw(freezer.arrays).plain(freezer.freeze(value))


def ending(ask):
    with pytest.raises(Ending) as caught:
        ask()
    return caught.value


def but(tensor, index, value):
    changed = tensor.clone()
    changed.view(-1)[index] = value
    return changed


def test_elements_are_shown_from_the_first_that_differs():
    found = ending(lambda: expect(seen(but(LONG, 12, -1))).values(LONG))
    assert found.got == "from (12,) on: [-1, 13, 14, 15, 16, 17, …]"
    assert found.expected == "from (12,) on: [12, 13, 14, 15, 16, 17, …]"


@pytest.mark.parametrize("index", [0, 5, 6, 33, 39])
def test_wherever_two_tensors_differ_it_is_shown(index):
    found = ending(lambda: expect(seen(but(LONG, index, 0.5))).values(LONG))
    assert found.got != found.expected


def test_numbers_that_differ_late_get_more_digits():
    found = ending(lambda: expect(seen(torch.tensor([1.00004]))).values(torch.tensor([1.0])))
    assert (found.got, found.expected) == ("[1.00004005]", "[1]")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=3), inner, max_size=30),
    max_leaves=20,
)


@given(got=PLAIN, expected=PLAIN)
@settings(max_examples=80, deadline=None)
def test_plain_values_that_are_not_equal_do_not_read_alike(got, expected):
    if not same(got, expected):
        found = ending(lambda: expect(got).equals(expected))
        assert found.got != found.expected


WRAPS = [list, tuple, lambda each: {"a": each}, lambda each: dict(enumerate(each))]


@pytest.mark.parametrize("wrap", WRAPS, ids=["list", "tuple", "list in a dict", "dict"])
@given(values=st.lists(st.integers(0, 9), min_size=22, max_size=40), at=st.integers(0, 21))
@settings(max_examples=20, deadline=None)
def test_of_a_long_container_the_entry_that_differs_is_shown(values, at, wrap):
    found = ending(lambda: expect(wrap([*values[:at], -1, *values[at + 1 :]])).equals(wrap(values)))
    assert "-1" in found.got
    assert "-1" not in found.expected


def test_of_long_texts_the_letters_around_the_first_that_differs_are_shown():
    found = ending(lambda: expect("x" * 200 + "one" + "y" * 200).equals("x" * 200 + "two" + "y" * 200))
    assert "xxone" in found.got
    assert "xxtwo" in found.expected


def test_of_dicts_with_other_keys_the_keys_are_shown_and_no_numbers():
    names = [f"layer{number}.weight" for number in range(12)]
    got, expected = (dict.fromkeys(each, LONG) for each in (names, [*names[:-1], "head.weight"]))
    found = ending(lambda: expect(seen(got)).equals(expected))
    assert found.got.startswith("the keys ['layer11.weight', ")
    assert found.difference.pattern == "missing: 'head.weight'; not expected: 'layer11.weight'"


def test_one_tensor_of_a_dict_is_told_apart():
    state = {"weight": LONG, "bias": LONG}
    found = ending(lambda: expect(seen({**state, "bias": 2 * LONG})).equals(state))
    assert found.difference.pattern == "only entry 'bias' differs: twice as large as expected"


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        ([3, 1, 2], [2, 1, 3], "in reverse order"),
        (["c", "a", "b"], ["a", "b", "c"], "rolled by 1: what leaves at one end comes in at the other"),
        (["b", "a", "c", "d"], ["a", "b", "c", "d"], "the same elements in another order"),
        (["a"], ["a", "b"], "right as far as it goes: the first 1 of 2"),
        (["a", "c"], ["a", "b", "c"], "missing: 'b'"),
        (["a", "b", "x", "c"], ["a", "b", "c"], "not expected: 'x'"),
        ([(0.1234567, 1)], [(0.1234567, 1), (1 / 3, 2), ("b", (1.5,))], "right as far as it goes: the first 1 of 3"),
        ([(1, 0.5)], [(2, 1 / 3), (1, 0.5), (0, (1 / 7,))], "missing: (2, 0.33333), (0, (0.14286,))"),
        (["a", "b"], ["c", "d"], ""),
        (["a"] * 8, ["b"] * 8, "8 of 8 elements differ"),
        ([("a", 0), ("b", 0)], [("c", 0), ("d", 0)], "2 of 2 elements differ; in each of them, only element 0 differs"),
        ([True, False, True], [True, True, True], "only element 1 differs"),
        (("a", "b"), ["a", "b"], "the same elements, in a tuple where a list was expected"),
        ({"a": 1, "b": 2}, {"a": 1}, "not expected: 'b'"),
        ("Two  words", "Two words", "only spaces or line breaks differ"),
        ("Words", "words", "only upper and lower case differ"),
        (3, 3.0, "the value itself is right"),
        (0.5, 4.0, "what was expected, divided by 8"),
    ],
)
def test_how_plain_values_differ_is_told(got, expected, said):
    difference = ending(lambda: expect(got).equals(expected)).difference
    assert (difference.pattern if difference else "") == said


def test_a_tensor_of_the_wrong_dtype_is_told_that_its_values_are_right():
    found = ending(lambda: expect(seen(LONG.double())).tensor(LONG))
    assert (found.said, found.difference.pattern) == (
        "the result has the wrong dtype",
        "the values themselves are right",
    )


def test_a_changed_argument_shows_what_was_changed():
    called = Seen("f(x)", arguments=(seen(but(LONG, 20, 99)),))
    found = ending(lambda: expect(called).keeps_argument(0, LONG))
    assert "from (20,) on: [99, " in found.got
    assert "from (20,) on: [20, " in found.expected
    assert found.detail == "1 of 40 elements differs"


def test_an_array_and_what_it_was_before_are_both_arrays():
    sent = np.arange(3.0)
    found = ending(lambda: expect(Seen("f(x)", arguments=(seen(sent + 1),))).keeps_argument(0, sent))
    assert (found.got, found.expected) == ("numpy array float64 (3,) [1, 2, 3]", "numpy array float64 (3,) [0, 1, 2]")


def test_of_long_lists_that_are_not_equally_long_those_are_shown_that_differ_first():
    due = [(step, step / 7) for step in range(60)]
    got = [each for each in due if each[0] != 40]
    found = ending(lambda: expect(got).equals(due))
    assert found.got == "59 elements, from element 40 on: [(41, 5.8571), (42, 6.0), (43, 6.1429), (44, 6.2857)]"
    assert found.expected == "60 elements, from element 40 on: [(40, 5.7143), (41, 5.8571), (42, 6.0), (43, 6.1429)]"
    assert ending(lambda: expect(due[:40]).equals(due)).got == "40 elements"


@pytest.mark.parametrize(("said", "named"), [("`f` with steps 40", True), ("`f` with footsteps 40", False)])
def test_a_number_is_not_told_by_a_name_that_only_a_probe_knows(said, named):
    called = Seen(Called(said), value=seen(LONG.sum() / 40), arguments=(40,), labels=("steps",))
    pattern = ending(lambda: expect(called).values(LONG.sum())).difference.pattern
    assert ("`steps`" in pattern) is named


def test_two_counts_are_no_multiples_of_each_other_by_halves():
    called = Seen(Called("`f` of x"), value=2, arguments=(seen(torch.ones(3)),), labels=("x",))
    assert ending(lambda: expect(called).equals(3)).difference.pattern == ""


def test_a_factor_is_told_as_the_size_of_an_argument():
    called = Seen("f(x)", value=seen(LONG.sum() / 40), arguments=(seen(LONG),), labels=("0",))
    said = "what was expected, divided by 40; 40 is the size of dimension 0 of the first argument"
    assert ending(lambda: expect(called).values(LONG.sum())).difference.pattern == said


def test_quantities_are_handed_on_to_parts():
    part = expect([seen(LONG.sum() * 7)], quantities={"the batch size": 7}).item(0)
    assert ending(lambda: part.values(LONG.sum())).difference.pattern.endswith("; 7 is the batch size")


def test_results_of_other_steps_are_asked_for_on_failure_only():
    def steps():
        raise AssertionError("asked")

    expect(seen(LONG)).tensor(LONG, steps=steps)
    with pytest.raises(AssertionError, match="asked"):
        expect(seen(LONG + 1)).tensor(LONG, steps=steps)


def test_after_a_comparison_has_passed_its_values_are_not_spoken_of():
    found = ending(lambda: expect(seen(LONG)).tensor(LONG).requires_grad(True))
    assert found.difference is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.uint8, torch.bool, torch.int64])
def test_every_dtype_has_its_difference(dtype):
    expected = torch.tensor([[0, 1, 1], [1, 0, 0], [1, 1, 0]]).to(dtype)
    found = ending(lambda: expect(seen((1 - expected.int()).to(dtype))).values(expected))
    assert found.difference.count == 9
    assert found.difference.picture.marks == ("↑↓↓", "↓↑↑", "↓↓↑")
