"""What is found by words, part, state and misconception; and which exercise is next."""

from datetime import date, datetime

import pytest

from grader.catalogue import naming
from grader.catalogue.catalogue import exercises, find
from grader.errors import UsageError
from grader.learning.search import Wanted, find_part, find_states, idea, wanted
from grader.learning.shown import to_overview
from grader.learning.track import following, track
from grader.record.progress import Attempt, State
from grader.units import duration


def found(asked, state=State.NOT_STARTED):
    return [each.number for each in exercises() if asked.fits(each, (state,))]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("leaves land", [5]),
        ("LEAVES lands", []),
        ("LEAVES land", [5]),
        ("middle_and_leaf", [5]),
        ("5", [5]),
        ("05", [5]),
        ("part:autog", [8, 9, 10, 11, 12, 13, 14]),
        ("part:autograd hand", [8]),
        ("misconception:list-index-copies", [3]),
        ("state:passed", []),
        ("nosuchword", []),
    ],
)
def test_all_that_is_asked_for_must_fit(text, numbers):
    assert found(wanted(text)) == numbers


def test_words_are_looked_for_in_the_idea_too():
    assert "autograd" in idea(find("05")).lower()
    assert 5 in found(wanted("recorded"))


def test_any_state_on_any_device_is_enough():
    asked = Wanted(states=find_states("open"))
    assert asked.fits(find("05"), (State.PASSED, State.STALE))
    assert not asked.fits(find("05"), (State.PASSED,))


@pytest.mark.parametrize("text", ["in-progress", "in_progress", "In Progress"])
def test_a_state_is_written_in_any_way(text):
    assert find_states(text) == {State.IN_WORK}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("part:t", "several parts"),
        ("part:zebra", "no part has"),
        ("state:half", "there is no state"),
        ("misconception:zzz", "no misconception"),
        ("colour:red", "colour: is not known"),
    ],
)
def test_what_is_not_understood_is_one_line(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        wanted(text)
    assert "\n" not in str(caught.value)


def test_a_name_that_is_still_to_be_typed_asks_for_nothing():
    assert wanted("part: state: net") == Wanted(words=("net",))


def test_an_empty_name_is_no_part():
    with pytest.raises(UsageError, match="no part"):
        find_part(" ")


def test_the_misconceptions_of_a_step_are_those_that_its_checks_use():
    named = naming.named_by_step(find("05"))
    assert "user-made-means-leaf" in named["predict_row"]
    assert "retain-ignored" in named["will_keep_grad"]  # stands in a table of the module
    assert "retain-ignored" not in named["predict_row"]


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: each.name)
def test_whatever_a_step_can_name_its_exercise_can(exercise):
    for ids in naming.named_by_step(exercise).values():
        assert all(naming.can_name(exercise, each) for each in ids)


# ---- the way ----


def test_one_exercise_stands_for_each_part():
    parts = {each.part for each in exercises()}
    standing = [each.part for each in exercises() if each.stands_for_part]
    assert sorted(standing) == sorted(parts)


def test_a_fast_way_has_one_exercise_of_each_part_before():
    way = track(find("20"))
    before = [each for each in way if each.number < 20]
    assert [each.part for each in before] == ["Tensors", "Autograd", "Modules"]
    assert [each.number for each in way if each.number >= 20] == list(range(20, 38))
    assert track() == track(exercises()[0]) == exercises()


def states(**others):
    return {each.name: State.NOT_STARTED for each in exercises()} | {find(slug).name: to for slug, to in others.items()}


def test_one_goes_on_where_one_was_if_it_is_in_progress():
    last = Attempt(find("backward").name, 0.0, 1, 5)
    assert following(exercises(), states(backward=State.IN_WORK), last) is find("backward")
    assert following(exercises(), states(backward=State.PASSED, creating_tensors=State.PASSED), last).number == 2
    assert following(exercises(), states(), None).number == 1
    assert following(track(find("20")), states(backward=State.IN_WORK), last) is find("05")
    assert following(exercises(), {each.name: State.PASSED for each in exercises()}, last) is None


# ---- shown ----


@pytest.mark.parametrize(("minutes", "said"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (715, "11 h 55 min")])
def test_minutes_are_told_as_people_read_them(minutes, said):
    assert duration(minutes) == said


@pytest.mark.parametrize(("passed", "shown"), [(0, "░░░░░░░ 0/7"), (1, "█░░░░░░ 1/7"), (7, "███████ 7/7")])
def test_a_bar_is_as_long_as_what_is_passed(passed, shown):
    part = [each for each in exercises() if each.part == "Tensors"]
    known = {each.name: State.PASSED if place < passed else State.STALE for place, each in enumerate(part)}
    assert to_overview.bar(part, known).plain == shown


def test_a_bar_is_full_only_when_all_is_passed():
    part = [each for each in exercises() if each.part.startswith("Monitoring")]
    known = {each.name: State.PASSED for each in part[:-1]} | {part[-1].name: State.IN_WORK}
    assert "░" in to_overview.bar(part, known).plain


@pytest.mark.parametrize(("days", "said"), [(0, "today at"), (1, "yesterday at"), (2, "on 2026-11-19"), (-1, "on 20")])
def test_the_day_is_told_as_people_say_it(days, said):
    moment = datetime(2026, 11, 19, 12).timestamp()
    assert to_overview.day(moment, date(2026, 11, 19 + days)).startswith(said)
