"""The real digits that checks reckon with: read once for as long as a grader runs."""

import functools

import numpy as np
import torch

from grader.compare import DATA

DIGITS = DATA / "digits"


@functools.cache
def real_digits():
    """Return labels (N,) and pixels (N, 784) of the fixture's test file, both int64; they belong to everybody."""
    rows = torch.from_numpy(np.loadtxt(DIGITS / "test.csv", delimiter=",", dtype=np.int64))
    return rows[:, 0], rows[:, 1:]
