"""What the bench holds against its bounds."""

import pytest

from grader.proofs.bench.figures import figure
from grader.proofs.bench.throughput import CLASS, OF_EACH, _class


@pytest.mark.parametrize(
    ("values", "bound", "at_least", "within"),
    [
        ([1.0, 9.0, 2.0], 2.0, False, "yes"),
        ([1.0, 9.0, 3.0], 2.0, False, "NO"),
        ([1.0, 9.0, 3.0], 2.0, True, "yes"),
        ([1.0, 9.0, 1.5], 2.0, True, "NO"),
        ([1.0], None, False, ""),
    ],
)
def test_the_median_is_held_against_the_bound(values, bound, at_least, within):
    assert figure("x", values, "s", bound, at_least=at_least).within == within


def test_a_class_hands_in_right_wrong_and_unwritten_files_in_turn():
    handed_in = list(_class())
    assert [f"{exercise.number:02}" for exercise, _ in handed_in] == list(CLASS) * OF_EACH
    for number in range(len(CLASS)):
        texts = [source.text for _, source in handed_in[number :: len(CLASS)]]
        assert len(set(texts)) == 2 + OF_EACH // 2
