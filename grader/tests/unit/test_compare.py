"""Comparison stops at the first difference, says where, and names a misconception only where one fits."""

import pytest
import torch

from grader.sandbox.parent.thaw import Thaw
from grader.sandbox.shared.freeze import Freezer
from grader.sandbox.shared.seen import Seen
from grader.vocabulary.ending import Ending
from grader.vocabulary.expect import expect, require


def seen(value):
    freezer = Freezer()
    return Thaw(freezer.arrays).plain(freezer.freeze(value))


def ending(ask):
    with pytest.raises(Ending) as caught:
        ask()
    return caught.value


DUE = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "None"),
        ([1.0], "not a tensor"),
        (DUE.double().t(), "shape"),
        (DUE.double(), "dtype"),
        (DUE * float("nan"), "NaN"),
        (DUE + 1, "values"),
    ],
    ids=["None", "type", "shape before dtype", "dtype before values", "finite before values", "values"],
)
def test_the_first_difference_is_the_one_that_is_said(value, said):
    assert said in ending(lambda: expect(seen(value)).tensor(DUE)).said


def test_an_equal_tensor_passes_in_another_memory_layout():
    expect(seen(DUE.t().contiguous().t())).tensor(DUE)


def test_a_tensor_on_another_device_is_said():
    assert "device" in ending(lambda: expect(seen(DUE.to("meta"))).tensor(DUE)).said


def test_a_tensor_left_on_the_cpu_is_named_and_one_that_was_moved_is_not():
    on_meta = DUE.to("meta")
    assert ending(lambda: expect(seen(DUE)).tensor(on_meta, device="meta")).recognised == "hard-coded-device"
    assert ending(lambda: expect(seen(on_meta)).tensor(DUE)).recognised is None


def test_count_and_place_of_mismatches_are_said():
    wrong = DUE.clone()
    wrong[1, 2] += 0.4
    detail = ending(lambda: expect(seen(wrong)).values(DUE)).detail
    assert "1 of 6" in detail
    assert "0.4" in detail
    assert "(1, 2)" in detail


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_of_what_is_no_number_it_is_not_said_by_how_much_it_is_off(value):
    detail = ending(lambda: expect(seen(torch.full_like(DUE, value))).values(DUE)).detail
    assert detail == "6 of 6 elements differ (100.0%), the first at (0, 0)"
    assert ending(lambda: expect(seen(torch.tensor(value))).values(torch.tensor(1.0))).detail == ""


def test_what_is_left_of_large_terms_may_be_off_by_their_rounding():
    terms = torch.tensor([[70.123, 80.456, -150.0], [70.0, 80.0, 3.0]])
    expected, otherwise = terms.sum(dim=1), terms[:, 2] + terms[:, 1] + terms[:, 0]
    assert not torch.equal(expected, otherwise)
    expect(seen(otherwise)).values(expected)


def test_a_small_number_among_large_ones_is_still_looked_at():
    expected = torch.tensor([100.0, 0.5])
    assert "1 of 2" in ending(lambda: expect(seen(expected + torch.tensor([0.0, 1e-3]))).values(expected)).detail


def test_nan_never_passes_even_where_nan_is_expected():
    nan = torch.full((2,), float("nan"))
    assert ending(lambda: expect(seen(nan)).values(nan))


def test_infinity_passes_where_it_is_expected():
    expected = torch.tensor([1.0, float("inf")])
    expect(seen(expected)).tensor(expected)


def test_another_order_of_operations_passes():
    left, right = torch.randn(50, 40), torch.randn(40, 30)
    expect(seen((right.t() @ left.t()).t())).tensor(left @ right)


def test_the_first_lookalike_that_fits_names_the_failure():
    named = {"other": DUE * 3, "doubled": DUE * 2, "anything": lambda _: True}
    assert ending(lambda: expect(seen(DUE * 2), named).values(DUE)).misconception == "doubled"


def test_where_no_lookalike_fits_none_is_guessed():
    assert ending(lambda: expect(seen(DUE + 1), {"doubled": DUE * 2}).values(DUE)).misconception is None


def test_a_lookalike_that_cannot_take_the_value_does_not_fit():
    named = {"odd": lambda value: value.no_such_thing > 3}
    assert ending(lambda: expect(seen(None), named).tensor(DUE)).misconception is None


@pytest.mark.parametrize(("value", "expected"), [(1, 1.0), (True, 1), ((1,), [1]), ({"a": 1}, {"a": True})])
def test_plain_values_of_another_type_are_not_equal(value, expected):
    assert ending(lambda: expect(value).equals(expected))


def test_a_missing_part_is_said_and_breaks_nothing():
    assert "no element" in ending(lambda: expect([1]).item(3)).said
    assert "no element" in ending(lambda: expect(5).item("key")).said


def test_a_gradient_is_compared_last():
    leaf = torch.ones(3, requires_grad=True)
    (leaf * 2).sum().backward()
    expect(seen(leaf)).grad(torch.full((3,), 2.0))
    assert ".grad" in ending(lambda: expect(seen(leaf)).grad(torch.full((3,), 1.0))).said
    assert "no .grad" in ending(lambda: expect(seen(torch.ones(3))).grad(torch.ones(3))).said


def call_that(change):
    """Return what is seen of a call that was sent DUE and did something to it."""
    argument = DUE.clone()
    change(argument)
    return Seen("f(x)", arguments=(seen(argument),))


@pytest.mark.parametrize(
    "change",
    [lambda x: x.add_(1), lambda x: x.data.add_(1), lambda x: x.numpy().fill(0), lambda x: x.mul_(1),
     lambda x: x.requires_grad_()],
    ids=["in place", "through .data", "through numpy", "written with the same values", "requires_grad"],
)  # fmt: skip
def test_a_changed_argument_is_noticed(change):
    assert (
        ending(lambda: expect(call_that(change)).keeps_argument(0, DUE, "mutates-caller")).misconception
        == "mutates-caller"
    )


@pytest.mark.parametrize("message", ["", None])
def test_no_exception_passes_where_none_was_raised(message):
    expect(message).no_exception("backward raised an exception")


def test_an_exception_is_told_in_full():
    said = "one of the variables needed for gradient computation has been modified by an inplace operation " * 4
    found = ending(lambda: expect(said).no_exception("backward raised an exception"))
    assert (found.said, found.got, found.expected) == ("backward raised an exception", said.strip(), "no exception")


@pytest.mark.parametrize(("what", "asks"), [("", True), ("the answer for a leaf", True), ("the .grad of w1", False)])
def test_only_a_whole_result_is_asked_for_its_return(what, asks):
    assert ("is a `return` missing?" in ending(lambda: expect(None, what=what).given()).said) is asks


@pytest.mark.parametrize(("value", "got"), [([1, 2], "2 numbers"), (5, "5")])
def test_a_check_chooses_what_is_shown_of_a_value_that_it_reckons_with(value, got):
    asked = expect(value)
    found = ending(lambda: asked.satisfies(lambda _: False, "said", got=lambda found: f"{len(found)} numbers"))
    assert found.got == got


def test_an_untouched_argument_passes():
    expect(call_that(lambda x: x + 1)).keeps_argument(0, DUE)


def test_require_carries_what_it_was_given():
    found = ending(lambda: require(False, "said", got="a", expected="b", misconception="m"))
    assert (found.said, found.got, found.expected, found.misconception) == ("said", "a", "b", "m")
