"""The battery of oddities is complete, and every file of it says what is expected."""

import ast

import pytest

from grader.catalogue.catalogue import exercises
from grader.errors import UsageError
from grader.proofs.oddities.changes import CHANGES
from grader.proofs.oddities.corpus import ENDINGS, oddities, read
from grader.verdict import Outcome

LEAST = 250
SAID = "# oddity: none\n# ending: {ending}\n{more}\nimport os\n"


def oddity(tmp_path, text):
    path = tmp_path / "x.py"
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_every_oddity_says_what_it_is_and_how_it_ends():
    battery = oddities()
    assert len(battery) >= LEAST
    assert len({each.name for each in battery}) == len(battery)
    assert {each.ending for each in battery} == ENDINGS - {Outcome.BLOCKED, Outcome.UNAVAILABLE}
    assert sum(each.ending == Outcome.PASSED for each in battery) > len(battery) / 2


def test_every_change_of_a_text_is_used():
    assert {each.said["change"] for each in oddities() if "change" in each.said} == CHANGES.keys()


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: each.name)
def test_what_goes_into_the_steps_leaves_them_python(exercise):
    placed = [each for each in oddities() if each.said.get("place") in ("calls", "wraps")]
    for each in (each for each in placed if exercise in each.exercises):
        made = each.made_of(exercise).decode()
        assert made.count("oddity") > made.count("def oddity")
        ast.parse(made)


@pytest.mark.parametrize(
    "text",
    [
        "# oddity: none\nimport os\n",
        SAID.format(ending="stopped", more=""),
        SAID.format(ending="raised", more=""),
        SAID.format(ending="passed", more="# place: nowhere\n"),
        SAID.format(ending="passed", more="# colour: red\n"),
    ],
    ids=["no ending", "no such ending", "nothing that is read", "no such place", "no such key"],
)
def test_what_declares_too_little_is_refused(tmp_path, text):
    with pytest.raises(UsageError):
        oddity(tmp_path, text)
