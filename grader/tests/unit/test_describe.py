"""What a learner reads of a call: all of a small one, and of a large one no page of numbers."""

import torch

from grader.vocabulary.describe import MAX_CALL, call, situation

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
