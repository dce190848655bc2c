"""Importing this makes the meta device stand for a GPU: its first operation is fast, and its tensors have numbers.

A learner may print a number of a tensor, or look whether it is finite, wherever the tensor lies. On the meta device
there are none, so each is said to be 0. What a GPU refuses, that a tensor turns into an array by itself, the meta
device refuses as well.
"""

import functools

import torch

NUMBERS = ("item", "tolist", "__format__", "__bool__", "__int__", "__float__", "__index__", "__complex__")


def _with_numbers(method):
    @functools.wraps(method)
    def numbered(self, *args):
        there = torch.zeros(self.shape, dtype=self.dtype, device="cpu") if self.is_meta else self
        return method(there, *args)

    return numbered


def _without_looking_for_nan(set_enabled):
    @functools.wraps(set_enabled)
    def enabled(mode, check_nan=True):
        set_enabled(mode, False)

    return enabled


for _name in NUMBERS:
    setattr(torch.Tensor, _name, _with_numbers(getattr(torch.Tensor, _name)))
torch.set_anomaly_enabled = _without_looking_for_nan(torch.set_anomaly_enabled)
torch.ones(2, device="meta") * 2
