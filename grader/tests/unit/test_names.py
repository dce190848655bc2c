"""What is new among the modules since they were remembered."""

import sys
import types

import pytest

from grader.sandbox.child import names


@pytest.fixture
def remembered(monkeypatch):
    """The modules that are loaded now, and whatever a test adds to them is gone afterwards."""
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.setattr(names, "_loaded", set())
    monkeypatch.setattr(names, "_shared_by_probes", [])
    names.remember_modules()
    return sys.modules


def test_nothing_is_new_at_first(remembered):
    assert names.new_modules() == []


def test_what_was_added_is_new(remembered):
    remembered["learner"] = types.ModuleType("learner")
    assert names.new_modules() == ["learner"]


def test_it_is_found_beside_a_module_that_was_loaded_anew(remembered):
    remembered["learner"] = types.ModuleType("learner")
    remembered["json"] = remembered.pop("json")
    assert names.new_modules() == ["learner"]


def test_it_is_found_where_another_is_gone(remembered):
    del remembered["json"]
    remembered["learner"] = types.ModuleType("learner")
    assert names.new_modules() == ["learner"]


def test_what_was_remembered_stays_unless_asked_for_anew(remembered):
    remembered["learner"] = types.ModuleType("learner")
    names.remember_modules()
    assert names.new_modules() == ["learner"]
    names.remember_modules(anew=True)
    assert names.new_modules() == []


def test_modules_that_probes_share_are_found_whenever_they_were_loaded(remembered):
    before = names.modules_of_probes()
    late = types.ModuleType(names.PRELOADED + "late")
    remembered[late.__name__] = late
    assert names.modules_of_probes() == [*before, late]


@pytest.fixture
def meanings(monkeypatch, remembered):
    """What names mean now; a module of a watched name is there as well, whatever a test does to it."""
    watched = types.ModuleType("math")
    watched.sqrt, watched.pi = len, 3
    remembered["math"] = watched
    monkeypatch.setattr(names, "_remembered", {})
    monkeypatch.setattr(names, "_all_meanings", [])
    names.remember_names()
    return watched


def test_no_name_has_changed_at_first(meanings):
    assert [*names.names_changed()] == []


def test_another_function_of_the_same_name_is_told(meanings):
    meanings.sqrt = max
    assert [*names.names_changed()] == ["math.sqrt"]


def test_a_name_that_is_gone_is_told(meanings):
    del meanings.sqrt
    assert [*names.names_changed()] == ["math.sqrt"]


def test_a_number_may_change_and_a_name_may_be_added(meanings):
    meanings.pi, meanings.tau = 4, 6
    assert [*names.names_changed()] == []


def test_another_module_of_the_same_name_is_told(meanings, remembered):
    remembered["math"] = types.ModuleType("math")
    assert [*names.names_changed()] == ["math"]


def test_a_value_that_cannot_be_compared_does_not_hide_a_change(meanings):
    class Odd:
        def __eq__(self, other):
            raise TypeError

        __hash__ = None

    meanings.pi, meanings.sqrt = Odd(), max
    assert [*names.names_changed()] == ["math.sqrt"]
