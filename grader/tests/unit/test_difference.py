"""Patterns are found in drawn numbers where they hold, and nowhere else; nothing that comes back breaks the search."""

import re

import hypothesis.extra.numpy as draw
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.vocabulary.closeness import close, rounding
from grader.vocabulary.difference.find import difference
from grader.vocabulary.difference.numbers import MOST, Pair, Tolerance
from grader.vocabulary.difference.picture import MOST_CELLS

SEEDS = st.integers(0, 2**32 - 1)
FLOAT32 = Tolerance(2e-5, 2e-6, 5e-7)


def drawn(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def pattern(got, expected, **known):
    found = difference(Pair(np.asarray(got), np.asarray(expected), FLOAT32, **known))
    return found.pattern if found else ""


def but(array, place, by=1.0):
    """Return an array that is off in one place."""
    array = array.copy()
    array[place] += by
    return array


WHOLE = {
    "twice": (lambda x: 2 * x, "twice as large as expected"),
    "three times": (lambda x: 3 * x, "3 times as large as expected"),
    "a third": (lambda x: x / 3, "what was expected, divided by 3"),
    "times 0.7": (lambda x: 0.7 * x, "0.7 times what was expected"),
    "minus": (lambda x: -x, "every sign is the other one"),
    "minus twice": (lambda x: -2 * x, "twice as large as expected, with the other sign"),
    "plus one": (lambda x: x + 1, "too large by 1 everywhere"),
    "minus a half": (lambda x: x - 0.5, "too small by 0.5 everywhere"),
    "scaled and moved": (lambda x: 2 * x - 1, "2 times what was expected, minus 1"),
    "columns scaled": (lambda x: x * np.arange(2, 8), "each column is what was expected times a factor of its own"),
    "rows moved": (lambda x: x + np.arange(1, 6)[:, None], "each row is what was expected plus an offset of its own"),
    "columns standardised": (
        lambda x: (x - x.mean(0)) / x.std(0),
        "each column is what was expected times a factor, plus an offset, both of its own",
    ),
    "zeros": (np.zeros_like, "every element is 0"),
    "absolute": (np.abs, "the absolute value of what was expected"),
    "squared": (np.square, "the square of what was expected"),
    "exponential": (np.exp, "the exponential of what was expected"),
    "logarithm": (lambda x: np.log(np.abs(x)), None),
    "transposed": (lambda x: x.T.reshape(x.shape), "transposed, then reshaped"),
    "flipped": (lambda x: x[::-1], "flipped along dimension 0"),
    "flipped in both": (lambda x: x[::-1, ::-1], "flipped along dimensions 0 and 1"),
    "rolled": (lambda x: np.roll(x, 2, 1), "rolled by 2 along dimension 1"),
    "shifted": (lambda x: np.concatenate([9 + x[:1], x[:-1]]), "shifted by one along dimension 0"),
    "shifted back": (lambda x: np.concatenate([x[1:], 9 + x[:1]]), "shifted by one along dimension 0"),
    "two rows exchanged": (lambda x: x[[2, 1, 0, 3, 4]], "rows 0 and 2 are exchanged"),
    "columns permuted": (lambda x: x[:, [1, 2, 0, 4, 3, 5]], "the same columns in another order: 1, 2, 0, 4, 3, 5"),
    "sorted": (lambda x: np.sort(x, axis=None).reshape(x.shape), "the same numbers in another order"),
    "one row for all": (lambda x: np.broadcast_to(x[:1], x.shape), "every row is the same, the first"),
    "the mean for all": (
        lambda x: np.broadcast_to(x.mean(1, keepdims=True), x.shape),
        "every column is the same, the mean",
    ),
    "running sum": (lambda x: np.cumsum(x, 0), "a running sum along dimension 0"),
    "truncated": (np.trunc, "truncated to whole numbers"),
    "rounded": (np.round, "rounded to whole numbers"),
    "rounded down": (np.floor, "rounded down to whole numbers"),
    "two decimals": (lambda x: np.round(x, 2), "rounded to 2 decimals"),
    "half": (lambda x: x.astype(np.float16), "right, but only to the precision of float16"),
    "clamped below": (lambda x: np.maximum(x, 0), "what should be below 0 is 0"),
    "clamped": (lambda x: np.clip(x, -2, 2), "what should be below -2 is -2; what should be above 2 is 2"),
    "a NaN": (lambda x: but(x, (1, 2), np.nan), "1 element is NaN; all others are right"),
    "all NaN": (lambda x: x * np.nan, "every element is NaN"),
    "one row": (lambda x: but(x, 2, drawn(1, 6)), "only row 2 differs"),
    "one row twice": (lambda x: but(x, 2, x[2]), "only row 2 differs: twice as large as expected"),
    "last column": (lambda x: but(x, (slice(None), 5), drawn(1, 5)), "only column 5 (the last) differs"),
    "one row right": (lambda x: np.concatenate([x[:1], x[1:] + drawn(1, 4, 6)]), "only row 0 (the first) is right"),
}


@pytest.mark.parametrize(
    ("change", "words"), [case for case in WHOLE.values() if case[1]], ids=[k for k, case in WHOLE.items() if case[1]]
)
@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_a_pattern_is_found_in_any_numbers(change, words, seed):
    expected = 3 * drawn(seed, 5, 6)
    assert pattern(change(expected), expected).startswith(words)


def test_whole_numbers_that_were_counted_anew_are_noticed():
    expected = np.asarray([7, 305, 3, 3, 7])
    words = "counted anew from 0, each number under another one: 3 is 2, 7 is 0, 305 is 1"
    assert pattern([0, 1, 2, 2, 0], expected) == words
    assert not pattern([0, 1, 2, 1, 0], expected)  # 3 is 2 and 1
    assert "anew" not in pattern([2, 1, 0, 0, 1], [0, 1, 2, 2, 1])  # counted from 0 already


def test_a_square_matrix_is_transposed():
    assert pattern(drawn(1, 4, 4).T, drawn(1, 4, 4)) == "transposed"


def test_exchanged_dimensions_are_named():
    images = drawn(1, 2, 3, 5, 5)
    assert pattern(images.swapaxes(2, 3), images) == "transposed: dimensions 2 and 3 are exchanged"


def test_a_diagonal_is_named():
    assert pattern(drawn(1, 4, 4) + np.diag([1.0, 2, 4, 9]), drawn(1, 4, 4)).startswith("only the diagonal differs")


@pytest.mark.parametrize(
    ("place", "words"), [(0, "only the first element differs"), (-1, "only the last element differs")]
)
def test_the_ends_of_a_vector_are_named(place, words):
    assert pattern(but(drawn(1, 9), place), drawn(1, 9)).startswith(words)


def test_one_number_where_another_one_is_due_is_no_offset_of_each_rows_own():
    assert pattern(np.ones((3, 5, 2)), np.zeros((3, 5, 2))) == "every element is 1"


def test_places_of_the_largest_elements_are_no_sums():
    shares = np.exp(drawn(1, 7, 3))
    shares = shares / shares.sum(1, keepdims=True)
    shares[:, 1] += 1
    assert pattern(shares.argmax(1), shares) == "where along dimension 1 the largest element of what was expected is"


def test_numbers_that_began_again_at_256_are_noticed():
    brightened = np.arange(0, 1000, 37)
    assert pattern(brightened.astype(np.uint8), brightened) == "wrapped around at 256"


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (lambda x: x[:, None], "the numbers are right, but dimension 1 of size 1 is too many"),
        (lambda x: x.reshape(1, 1, -1), "the numbers are right, but dimensions 0 and 1 of size 1 are too many"),
        (lambda x: x[:5], "right as far as it goes: the first 5 of 8"),
        (lambda x: x[3:], "right as far as it goes: the last 5 of 8"),
        (lambda x: np.append(x, 1), "right, but with 1 more after what was expected"),
        (lambda x: x.reshape(2, 4), "the same numbers in the same order, in another shape"),
        (lambda x: x.sum(), "the sum over all elements of what was expected"),
        (lambda x: np.broadcast_to(x, (3, 8)), "what was expected, repeated along dimension 0"),
        (lambda x: np.broadcast_to(x[:, None], (8, 3)), "what was expected, repeated along dimension 1"),
    ],
)
def test_of_another_shape_it_is_said_what_became_of_the_dimensions(got, words):
    assert pattern(got(drawn(1, 8)), drawn(1, 8)) == words


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (lambda x: x.T, "the numbers are right, but transposed"),
        (lambda x: x.mean(0), "the mean over dimension 0 of what was expected"),
        (lambda x: x[:, :4], "right as far as it goes: the first 4 of 5 columns"),
        (lambda x: x[2:], "right as far as it goes: the last 1 of 3 rows"),
        (lambda x: np.concatenate([x, x[:1]]), "right, but with 1 more row after what was expected"),
    ],
)
def test_a_matrix_of_another_shape_is_set_against_what_was_expected(got, words):
    assert pattern(got(drawn(1, 3, 5)), drawn(1, 3, 5)) == words


def test_a_picture_of_a_part_says_which_as_its_owner_would_index_it():
    expected = drawn(1, 4, 1, 7, 1, 20)
    picture = difference(Pair(but(expected, (2, 0, 5, 0, 3)), expected, FLOAT32)).picture
    assert picture.part == "shown is [2, 0, :, 0, :], columns 0 to 15 of 20"


@pytest.mark.parametrize(
    ("got", "rows"),
    [
        (lambda x: drawn(2, 20, 20), 4),  # nearly every cell is marked, this way and that
        (lambda x: x + 1, 16),
        (lambda x: np.concatenate([drawn(2, 10, 20), x[10:]]), 16),
    ],
)
def test_of_what_differs_everywhere_a_few_rows_are_shown(got, rows):
    expected = drawn(1, 20, 20)
    assert len(difference(Pair(got(expected), expected, FLOAT32)).picture.marks) == rows


def test_what_was_not_yet_summed_is_told():
    assert pattern(drawn(1, 3, 5), drawn(1, 3, 5).sum(1)) == "the sum over dimension 1 of this is what was expected"


@given(seed=SEEDS, shape=st.sampled_from([(7,), (3, 5), (4, 4), (2, 3, 4), (20, 20)]))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_where_no_pattern_holds_none_is_claimed(seed, shape):
    assert pattern(drawn(seed, *shape), drawn(seed + 1, *shape)) == ""


@given(seed=SEEDS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_of_a_single_number_no_accident_is_told(seed):
    assert pattern(drawn(seed, 1)[0], drawn(seed + 1, 1)[0]) == ""


def test_a_factor_is_told_in_the_exercises_own_quantities():
    known = {"quantities": (("the batch size", 7), ("the number of classes", 10))}
    assert pattern(drawn(1, 3) * 7, drawn(1, 3), **known) == "7 times as large as expected; 7 is the batch size"
    said = "what was expected, divided by 10; 10 is the number of classes"
    assert pattern(np.float32(0.5), np.float32(5), **known) == said


def test_a_factor_is_told_as_a_size_where_no_quantity_was_given():
    known = {"sizes": (("the number of rows", 5),)}
    assert pattern(drawn(1, 5, 3) / 5, drawn(1, 5, 3), **known).endswith("5 is the number of rows")
    assert pattern(drawn(1, 5) * 0.8**0.5, drawn(1, 5), **known).endswith(
        "the square root of 5 / 4, where 5 is the number of rows"
    )


def test_two_steps_instead_of_three_are_told():
    steps = tuple(drawn(seed, 3) for seed in range(5))
    assert pattern(steps[2], steps[3], steps=steps).startswith("one step too few: the result of 2")
    assert pattern(steps[4], steps[2], steps=steps).startswith("2 steps too many")


def test_only_a_gradient_is_one_of_twice_the_loss():
    assert "gradient" in pattern(2 * drawn(1, 3), drawn(1, 3), is_gradient=True)
    assert "gradient" not in pattern(2 * drawn(1, 3), drawn(1, 3))


def test_values_that_are_right_are_said_to_be():
    assert pattern(np.arange(3), np.arange(3.0)) == "the values themselves are right"


DTYPES = st.sampled_from(
    ["bool", "uint8", "int8", "int32", "int64", "uint64", "float32", "float64", "complex64", "complex128"]
)
SHAPES = draw.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
ODD = DTYPES.flatmap(lambda dtype: draw.arrays(np.dtype(dtype), SHAPES))


@given(got=ODD, expected=ODD, way=st.sampled_from(["another shape", "the same shape", "nearly equal", "turned"]))
@settings(max_examples=150, deadline=None)
def test_whatever_numbers_come_back_nothing_breaks_and_nothing_floods(got, expected, way):
    if way == "the same shape":
        got = np.resize(got, expected.shape)
    if way == "nearly equal" and got.size and expected.size:
        got, few = expected.copy(), got.reshape(-1)[: expected.size]
        with np.errstate(all="ignore"):
            got.reshape(-1)[-len(few) :] = few.real.astype(got.dtype)
    if way == "turned":
        got = expected.T.reshape(expected.shape)
    found = difference(Pair(got, expected, FLOAT32, (("zero", 0.0), ("odd", float("nan"))), (("one", 1.0),)))
    if found:
        assert len(found.pattern) < 400
        assert re.fullmatch(r"[^\n]*", found.pattern)
    if found and found.picture:
        rows = found.picture.got, found.picture.expected, found.picture.marks
        assert {len(each) for each in rows} == {len(rows[0])}
        assert all(len(row) <= MOST_CELLS for each in rows for row in each)
        assert all(len(cell) <= 10 for each in rows[:2] for row in each for cell in row)


@given(got=ODD, expected=ODD)
@settings(max_examples=150, deadline=None)
def test_numbers_count_as_equal_just_where_a_comparison_of_tensors_says_so(got, expected):
    got = np.resize(got, expected.shape)
    if "c" in (got.dtype.kind, expected.dtype.kind) or "uint64" in (got.dtype, expected.dtype):
        return
    left, right = torch.from_numpy(got.copy()), torch.from_numpy(expected.copy())
    if (
        got.dtype != expected.dtype
        and max(abs(float(each)) for array in (got, expected) for each in array.flat or [0]) > 2**52
    ):
        return  # as float64, two of such integers may be one
    ours = Tolerance(2e-5, 2e-6, rounding(left, right)).fits(got, expected)
    assert np.array_equal(ours, close(left, right, 2e-5, 2e-6).numpy())


def test_of_more_numbers_than_are_looked_at_count_worst_and_picture_are_left():
    expected = np.zeros((2, MOST // 2 + 1), dtype=np.float32)
    found = difference(Pair(but(expected, (1, 77), 5), expected, FLOAT32))
    assert (found.count, found.worst, found.pattern) == (1, (1, 77), "")
    assert any("↑" in row for row in found.picture.marks)
