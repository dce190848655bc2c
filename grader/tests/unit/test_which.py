"""Which exercise a file belongs to."""

import pytest

from grader.batch.which import another, which
from grader.catalogue.catalogue import exercises, find

LEAF, CUSTOM = find("05"), find("16")


@pytest.mark.parametrize(
    "name",
    ["05_leaf_and_grad.py", "05_leaf_and_grad (1).py", "05_leaf_and_grad-2.py", "Copy of leaf-and-grad.ipynb",
     "LEAF AND GRAD final 2.py", "exercise05.py", "ex 5.py", "5.py", "05.py", "05 (1).py", "05_mine.py"],
)  # fmt: skip
def test_a_name_tells(name):
    assert which(name, "", exercises()) == LEAF


@pytest.mark.parametrize("name", ["solution.py", "hw5.py", "homework 5.py", "week05.py", "my_leaf.py", "99.py", "05"])
def test_a_name_does_not_tell(name):
    assert which(name, "", exercises()) is (LEAF if name == "05" else None)


def test_what_is_defined_tells():
    text = LEAF.handed_out.read_text(encoding="utf-8")
    assert which("final.py", text, exercises()) == LEAF
    assert which("16.py", text, exercises()) == LEAF  # a number may be anything
    assert which("16_custom_module.py", text, exercises()) == CUSTOM
    assert another(text, CUSTOM) == LEAF
    assert another(text, LEAF) is None


def test_what_is_no_python_tells_too():
    assert which("final.py", LEAF.handed_out.read_text(encoding="utf-8") + "\n)", exercises()) == LEAF


def test_of_every_exercise_the_stub_tells():
    texts = {each: each.handed_out.read_text(encoding="utf-8") for each in exercises()}
    assert [each.name for each, text in texts.items() if which("a.py", text, exercises()) != each] == []


def test_little_does_not_tell():
    assert which("a.py", "def switch_on(): ...", exercises()) is None
    assert which("a.py", "(" * 100_000, exercises()) is None
