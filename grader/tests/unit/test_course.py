"""A course file is read strictly: what is wrong is said with its line, and with what was meant."""

import re
from datetime import UTC, datetime

import pytest

from grader.batch.course import Late, Several, Visibility
from grader.batch.course_file import parse
from grader.catalogue import places
from grader.errors import UsageError

GUIDE = (places.checkout() / "docs" / "class.md").read_text(encoding="utf-8")
WHOLE = """\
format = 1
title = "Deep learning"
several = "best"
device = "cpu"
seed = "per student"
strict = true
require = ["landlock", "seccomp"]
points = 2
visibility = "difference"
due = 2026-11-30T23:59:00Z

[late]
grace_days = 1
percent_a_day = 10
unknown_days = 1

[limits]
call = 3
exercise = 20

[exercises.05]
points = { build_four = 5 }
visibility = { build_four = "name" }

[exercises.custom_module]
due = 2026-12-07
late = {}

[[excused]]
student = "anna"
exercises = "5"

[[extensions]]
student = "ben"
due = 2026-12-24T12:00:00Z
"""


def test_everything_is_read():
    course = parse(WHOLE)
    leaf, custom = course.assignments
    assert (course.title, course.several, course.strict, course.seed) == (
        "Deep learning",
        Several.BEST,
        True,
        "per student",
    )
    assert (course.limits.call, course.limits.exercise) == (3.0, 20.0)
    assert leaf.points["build_four"] == 5
    assert leaf.most == 5 + 5 * 2
    assert (leaf.visibility["build_four"], leaf.visibility["switch_on"]) == (Visibility.NAME, Visibility.DIFFERENCE)
    assert leaf.due == datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    assert leaf.late == Late(1.0, 10.0, 1)
    assert custom.late == Late()
    assert custom.due
    assert (custom.due.hour, custom.due.minute) == (23, 59)
    assert course.excused == {("anna", "05_leaf_and_grad")}
    assert course.due("ben", custom) == datetime(2026, 12, 24, 12, tzinfo=UTC)
    assert course.due("anna", custom) == custom.due


def test_exercises_may_be_a_list():
    assert [each.exercise.number for each in parse('exercises = "5-6,16"').assignments] == [5, 6, 16]
    assert len(parse("").assignments) == len(parse('exercises = "all"').assignments) > 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("titel = 3", "course.toml, line 1: 'titel' is not known here; did you mean 'title'?"),
        ("\n[late]\npercent_per_day = 3", "course.toml, line 3: 'percent_per_day' is not known here; did you mean 'percent_a_day'?"),  # noqa: E501
        ("[late]\ngrace_days = 'two'", "course.toml, line 2: expected a number, got a text for `grace_days`"),
        ("[late]\npercent_a_day = 101", "course.toml, line 2: expected a number <= 100.0 for `percent_a_day`"),
        ("[exercises.05]\npoints = {built_four = 1}", "course.toml, line 2: 'built_four' is not a step of 05_leaf_and_grad; did you mean 'build_four'?"),  # noqa: E501
        ("[exercises.05]\n[exercises.leaf_and_grad]", "course.toml, line 1: 05_leaf_and_grad stands there twice"),
        ("[exercises.99]", "line 1: there is no exercise '99'"),
        ("a = 1\nb = ", "course.toml is not TOML: last line: Invalid value"),
        ("a = 1\na = 2", "course.toml is not TOML: last line: Cannot overwrite a value"),
        ("device = 'gpu'", "line 1: 'gpu' is not known; did you mean 'cpu'? known are 'cpu', 'cuda', 'mps'"),
        ("seed = -1", "line 1: a seed is a number from 0"),
        ("seed = 'per-student'", "known are 'fixed', 'per student'"),
        ("several = 'last'", "line 1: 'last' is not known; did you mean 'latest'? known are 'latest', 'best'"),
        ("visibility = 'all'", "known are 'name', 'difference', 'full', 'after due'"),
        ("[exercises.05]\nvisibility = {build_four = 'nam'}", "line 2: 'nam' is not known"),
        ("due = 'tomorrow'", "line 1: expected a date such as"),
        ("format = 2", "line 1: format 2 is not known"),
        ("\nexercises = '9-3'", "line 2: the range 9-3 runs backwards"),
        ("exercises = {}", "no exercise is named"),
        ("[exercises]\n5 = 3", "line 2: expected a table, got a whole number"),
        ("[[excused]]\nexercises = '5'", "line 1: it lacks the required field `student`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text, said):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("example", re.findall(r"^```toml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))
def test_the_guide_shows_course_files(example):
    assert parse(example).assignments


def test_seeds():
    fixed, own = parse("seed = 7"), parse('seed = "per student"')
    assert fixed.seed_for("a", "05_leaf_and_grad", 1) == fixed.seed_for("b", "05_leaf_and_grad", 2) == 7
    assert parse("").seed_for("a", "05_leaf_and_grad", 9) == 9
    seeds = {own.seed_for(who, what, drawn) for who in "ab" for what in ("05", "06") for drawn in (1, 2)}
    assert len(seeds) == 8
