"""The real digits that checks reckon with: read once for as long as a grader runs."""

import functools

import numpy as np
import torch

from grader.catalogue import FIXTURES

DIGITS = FIXTURES / "digits"


@functools.cache
def real_digits(name="test.csv"):
    """Return labels (N,) and pixels (N, 784) of a file of the fixture, both int64; they belong to everybody."""
    rows = torch.from_numpy(np.loadtxt(DIGITS / name, delimiter=",", dtype=np.int64))
    return rows[:, 0], rows[:, 1:]
