"""Every stub can be had again, and no solution is taken for one."""

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import exercises
from grader.record import workspace as stubs


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: each.name)
def test_no_solution_is_taken_for_a_stub(exercise):
    assert not stubs.is_untouched(exercise, stubs.read(exercise.solution))


@pytest.mark.parametrize("exercise", exercises(), ids=lambda each: each.name)
def test_every_exercise_can_be_reset(exercise):
    if not (places.workspace().root / ".git").exists():
        pytest.skip("this folder has no history")
    assert stubs.is_untouched(exercise, stubs.untouched(exercise))
