"""What a hidden check imports: what it expects, and when two values count as equal. All of it lies in `vocabulary`."""

from grader.catalogue.places import curriculum
from grader.sandbox.shared.seen import SeenArray
from grader.vocabulary.closeness import close, looks_like, near, one_of, same, together, tolerance
from grader.vocabulary.describe import describe
from grader.vocabulary.expect import Expectation, expect, require
from grader.vocabulary.words import how_many

DATA = curriculum().data  # what submissions may read, and checks reckon with

__all__ = [
    "DATA",
    "Expectation", "SeenArray", "close", "describe", "expect", "how_many", "looks_like", "near", "one_of", "require",
    "same", "together", "tolerance",
]  # fmt: skip
