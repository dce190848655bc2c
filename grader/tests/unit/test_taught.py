"""What a passed exercise has taught: told of every step, never what the learner wrote anyway, never without leave."""

import ast

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import exercises, find
from grader.learning import taught

FIFTH = find("05")
SOLUTION = FIFTH.solution.read_text(encoding="utf-8")


@pytest.fixture
def without_solutions(tmp_path, monkeypatch):
    """A workspace whose solutions somebody else has."""
    (tmp_path / places.MARK).write_text('solutions = "the teacher"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    taught.lessons.cache_clear()
    yield
    taught.lessons.cache_clear()


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: each.name)
def test_every_step_has_a_why_and_no_link_is_told_twice(exercise):
    lessons = taught.lessons(exercise)
    assert [each.step for each in lessons] == list(exercise.steps)
    assert all(each.why for each in lessons)
    links = [link for each in lessons for link in each.read_on] + [taught.read_on(exercise)]
    assert all(link.startswith("https://") for link in links)
    assert len(links) == len(set(links))


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: each.name)
def test_every_step_can_be_done_in_another_way(exercise):
    ways = taught.ways(exercise, exercise.solution.read_text(encoding="utf-8"))
    assert {each.step for each in ways} == set(exercise.steps)
    for each in ways:
        assert each.about
        assert each.step in {getattr(node, "name", "") for node in ast.parse(each.code).body}


def test_what_the_learner_wrote_is_no_other_way():
    other = next(way for way in taught.ways(FIFTH, SOLUTION) if way.step == "switch_on")
    step = next(node for node in ast.parse(SOLUTION).body if getattr(node, "name", "") == "switch_on")
    mine = SOLUTION.replace(ast.get_source_segment(SOLUTION, step), f"{other.code}\n    # mine")
    assert other.code not in {way.code for way in taught.ways(FIFTH, mine)}


def test_a_helper_of_another_way_comes_with_it():
    exercise = find("32")
    codes = [way.code for way in taught.ways(exercise, exercise.solution.read_text(encoding="utf-8"))]
    assert any(code.startswith("def block(") and "block(" in code.partition("\n\n")[2] for code in codes)


def test_where_solutions_are_withheld_only_links_are_left(without_solutions):
    assert not taught.ways(FIFTH, SOLUTION)
    assert not any(each.why for each in taught.lessons(FIFTH))
    assert any(each.read_on for each in taught.lessons(FIFTH))
