"""What a learner reads of a call and of a value: all of a small one, and of a large one no page of numbers."""

import numpy as np
import pytest
import torch

from grader.vocabulary.describe import (
    MAX_CALL,
    MAX_MESSAGE,
    call,
    describe,
    in_full,
    message,
    situation,
)
from grader.vocabulary.words import how_many, shorten

LARGE = torch.linspace(-1, 1, 600).reshape(2, 3, 100)


def test_a_small_call_is_written_out():
    given = (torch.tensor([0.5, -1.25]), [1, 2])
    assert call("scale", given, {"by": 3}) == "scale(tensor float32 (2,) [0.5, -1.25], [1, 2], by=3)"


def test_of_a_large_situation_only_the_large_parts_say_less():
    text = situation(
        "three_steps", {"weights": {str(key): [LARGE] * 4 for key in range(6)}, "lr": 0.02, "frames": LARGE}
    )
    assert text.startswith("three steps: weights={… 6 in all}, lr=0.02, frames=tensor float32 (2, 3, 100) [-1, ")


def test_many_large_arguments_keep_their_shapes():
    text = call("join", (LARGE,) * 8, {})
    assert text.count("tensor float32 (2, 3, 100)") == 8
    assert len(text) < MAX_CALL + len("join()" + 7 * ", ")


def test_an_empty_container_stays_what_it_is():
    assert call("join", ([], *[LARGE] * 8), {}).startswith("join([], tensor float32")


@pytest.mark.parametrize("device", ["cpu", "meta", "cuda:1"])
def test_a_device_does_not_look_like_a_string(device):
    assert describe(torch.device(device)) == f"torch.device('{device}')"
    assert describe(device) == f"'{device}'"


@pytest.mark.parametrize(
    "value",
    [(5,), ((5,), torch.float32), [(3,)], {"bias": (3,)}, (1, 2.0), (), [1], {"a": -1.0}, [float("inf")], 1e-20],
)
def test_values_are_written_as_python_writes_them(value):
    assert describe(value) == repr(value)


def test_lists_that_differ_late_are_not_shown_alike():
    for alike, other in ((True, False), ((1, "a"), (2, "a"))):
        assert describe([alike] * 12) != describe([alike] * 11 + [other])


def test_a_long_list_says_how_long_it_is():
    assert describe(list(range(100))).endswith("19, … 100 in all]")


def test_of_many_tensors_no_page_of_numbers_is_shown():
    weights = {f"layers.{index}.weight": torch.linspace(-123.456, 123.456, 40) for index in range(6)}
    assert in_full(weights) == describe(weights)
    assert in_full({"bias": LARGE}) == describe({"bias": LARGE}, values=True)


SENTENCE = "one of the variables needed for gradient computation has been modified by an inplace operation " * 2


def test_a_text_is_cut_between_words():
    start, end = shorten(SENTENCE).split(" … ")
    assert len(shorten(SENTENCE)) <= 100
    assert SENTENCE.startswith(f"{start} ")
    assert SENTENCE.endswith(f" {end}")


def test_a_long_word_is_cut_all_the_same():
    assert len(shorten("x" * 1000)) == 100


def test_an_exceptions_message_is_shown_whole_in_one_line():
    assert message("Missing keys:\n\t" + SENTENCE) == "Missing keys: " + SENTENCE.strip()
    assert len(message(SENTENCE * 20)) <= MAX_MESSAGE


def test_a_zero_has_no_sign():
    assert describe(torch.tensor([-0.0, 1.0]), values=True).endswith("[0, 1]")


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (1, "epoch", "1 epoch"),
        (0, "epoch", "0 epochs"),
        (2, "entry", "2 entries"),
        (8, "batch", "8 batches"),
        (1, "time", "once"),
        (2, "time", "twice"),
        (3, "time", "3 times"),
    ],
)
def test_how_many_there_are_is_said_in_the_right_number(number, noun, said):
    assert how_many(number, noun) == said


def test_a_numpy_array_is_shown_with_its_elements_where_they_are_asked_for():
    numbers = np.array([[1.5, 2.0]])
    assert describe(numbers, values=True) == "numpy array float64 (1, 2) [1.5, 2]"
    assert describe(numbers) == "numpy array float64 (1, 2)"


def test_a_generator_is_told_by_its_seed():
    assert describe(torch.Generator().manual_seed(5)) == "torch.Generator().manual_seed(5)"
