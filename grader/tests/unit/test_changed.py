"""Every file belongs to an exercise, to all of them, or to none."""

import pytest

from grader.catalogue.catalogue import find
from grader.proofs.changed import sorted_out


@pytest.mark.parametrize(
    "path",
    [
        "exercises/05_leaf_and_grad.py",
        "solutions/05_leaf_and_grad.py",
        "grader/curriculum/checks/test_05_leaf_and_grad.py",
        "grader/curriculum/probes/05_leaf_and_grad.py",
        "grader/curriculum/hints/05_leaf_and_grad.md",
        "fixtures/answers/05_leaf_and_grad/right/another.py",
        "fixtures/answers/05_leaf_and_grad/equivalent.toml",
    ],
)
def test_of_one_exercise(path):
    found = sorted_out(["README.md", path])
    assert (found.exercises, found.shared) == ((find("05"),), ())


@pytest.mark.parametrize(
    "path",
    ["grader/judging/run.py", "grader/curriculum/curriculum.toml", "fixtures/digits/train.csv", "constraints.txt"],
)
def test_of_all(path):
    found = sorted_out([path, "exercises/05_leaf_and_grad.py"])
    assert (found.exercises, found.shared) == ((find("05"),), (path,))


@pytest.mark.parametrize("path", ["", "README.md", "grader/tests/unit/test_wire.py", "fixtures/hostile/system_x.py"])
def test_of_none(path):
    found = sorted_out([path])
    assert (found.exercises, found.shared) == ((), ())
