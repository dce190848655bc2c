"""A probe's sentence holds the numbers of the case at hand."""

import pytest
import torch

from grader.vocabulary.situation import told


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("lr {lr}", "lr 0.5"),
        ("`{name:word}` called", "`train` called"),
        ("sizes {sizes:list}", "sizes 2, 3"),
        ("with {settings:pairs}", "with loss mse"),
        ("{sizes:len} of them", "2 of them"),
        ("{sizes:count batch}, {one:count epoch}", "2 batches, 1 epoch"),
        ("made {sizes:count time}, run {one:count time}", "made twice, run once"),
        ("x of shape {x:shape}", "x of shape (2, 3)"),
        ("in {on:if train}{on:unless eval} mode", "in train mode"),
        ("in {off:if train}{off:unless eval} mode", "in eval mode"),
        ("{x:if given}{nothing:unless , and nothing else}", "given, and nothing else"),
    ],
)
def test_told(sentence, said):
    given = {"lr": 0.5, "name": "train", "sizes": [2, 3], "settings": {"loss": "mse"}, "one": 1,
             "x": torch.zeros(2, 3), "on": True, "off": False, "nothing": None}  # fmt: skip
    assert told(sentence, given) == said
