"""The catalogue: every path exists, every name leads to its exercise, and checks are read from their file."""

import re

import pytest

from grader.catalogue import misconceptions, places
from grader.catalogue.catalogue import exercises, find, known_checks, probes
from grader.catalogue.hints import LEVELS, hints
from grader.errors import UsageError


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: each.name)
def test_every_file_of_an_exercise_is_there(exercise):
    for path in (exercise.stub, exercise.solution, exercise.checks, exercise.hints):
        assert path.exists()
    assert {check.step for check in known_checks(exercise)} == set(exercise.steps)
    assert all(len(hints(exercise)[step]) == LEVELS for step in exercise.steps)


def test_numbers_and_slugs_are_unique():
    assert len({each.number for each in exercises()}) == len({each.slug for each in exercises()}) == len(exercises())


def test_the_table_of_concepts_names_every_exercise_and_only_steps_that_are_there():
    text = (places.checkout() / "exercises" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*\| (\d\d) \| (.*) \|$", text, re.MULTILINE)
    named = {(int(number), step) for number, steps in rows for step in re.findall(r"`(\w+)`", steps)}
    assert {number for number, _ in named} == {each.number for each in exercises()}
    assert named <= {(each.number, step) for each in exercises() for step in each.steps}


def test_an_unknown_name_is_said():
    with pytest.raises(UsageError, match="no exercise"):
        find("nothing")


def test_parameters_and_sentences_of_probes_are_read_without_running_them():
    probe = probes(find("05"))["keeps_grad_of"]
    assert probe.parameters == ("x", "recipes")
    assert probe.told.startswith("`will_keep_grad` for {recipes:count tensor}")


def test_every_misconception_explains_and_asks():
    for each in misconceptions.misconceptions().values():
        assert each.title
        assert each.why.endswith((".", "?"))
        assert each.look
    with pytest.raises(UsageError):
        misconceptions.find("no-such-thing")


@pytest.mark.parametrize("name", ["5", "05", "leaf_and_grad", "05_leaf_and_grad", str(find("05").stub)])
def test_every_way_to_name_an_exercise(name):
    assert find(name) is find("05")
