"""Where control groups can be had, a child is in one of its own, which goes with it."""

import os
from pathlib import Path

import pytest

from grader.catalogue.catalogue import find
from grader.judging.grading import Grader
from grader.judging.source import Source, read_source
from grader.sandbox.parent import cgroup, fork

UNIFIED = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")]
EXERCISE = find("05")
STAYS_BEHIND = """
import os, time
def predict_row(*args, **kwargs):
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
    return None
"""


def writable():
    """Return the root of the control groups where this process may make some, whatever their controllers."""
    roots = [each for each in UNIFIED if (each / "cgroup.controllers").exists() and os.access(each, os.W_OK)]
    return next(iter(roots), None)


pytestmark = pytest.mark.skipif(writable() is None, reason="no control group can be made here")


@pytest.fixture
def groups(monkeypatch):
    """Make groups below the root, without the limits that its controllers may not know; return what is there."""
    monkeypatch.setattr(cgroup, "place", writable)
    monkeypatch.setattr(cgroup, "LIMITS", {})
    return lambda: list(writable().glob(f"{cgroup.PREFIX}{os.getpid()}-*"))


@pytest.fixture
def grader():
    launcher = fork.ForkLauncher()
    with Grader(launcher=launcher) as grader:
        yield grader
    launcher.close()


def test_it_is_said_to_be_in_force_and_nothing_of_it_is_left(groups, grader):
    verdict = grader.grade(EXERCISE, read_source(EXERCISE.solution), seed=1)
    assert verdict.passed
    assert "cgroup" in verdict.isolation
    assert not groups()


def test_what_left_its_session_is_ended_with_it(groups, grader):
    grader.grade(EXERCISE, Source(EXERCISE.solution, STAYS_BEHIND, ""), seed=1)
    assert not groups()


def test_a_child_that_cannot_join_is_graded_without(groups, grader, monkeypatch):
    monkeypatch.setattr(cgroup, "make", lambda: cgroup.ControlGroup(Path("/nowhere")))
    verdict = grader.grade(EXERCISE, read_source(EXERCISE.solution), seed=1)
    assert verdict.passed
    assert "cgroup" not in verdict.isolation
