"""Every misconception has an example that runs, and prints what it says it prints."""

from __future__ import annotations

import doctest
import re

import pytest

from grader.catalogue.misconceptions import misconceptions
from grader.catalogue.places import curriculum

# doctest clears an example's names at its end, which torch's compiler does not expect of a module.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
LONGEST_LINE = 100
FILES = sorted(curriculum().examples.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_example(path):
    failed, tried = doctest.testfile(str(path), module_relative=False, encoding="utf-8")
    assert tried
    assert not failed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_form(path):
    text = path.read_text(encoding="utf-8")
    assert path.stem in misconceptions()
    assert re.search(r"\n\nRead on: https://\S+\n\Z", text)
    assert max(map(len, text.partition("Read on:")[0].splitlines())) <= LONGEST_LINE


def test_none_is_missing():
    assert misconceptions().keys() == {path.stem for path in FILES}
