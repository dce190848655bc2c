"""What tests of processes need: a warm grader, and submissions made of a few lines."""

import hashlib
from pathlib import Path

import pytest

from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.overlay import lay_over
from grader.judging.source import Source
from grader.sandbox.child import landlock
from grader.sandbox.child.syscalls import rules
from grader.sandbox.parent import launch

SHIELDED = landlock.version() > 0 and bool(rules(scoped_signals=True)[0])
QUICK = Limits(call=5.0, exercise=60.0)


@pytest.fixture(scope="session")
def launcher():
    started = launch.start("cpu")
    yield started
    started.close()


@pytest.fixture(scope="session")
def grader(launcher):
    return Grader("cpu", QUICK, launcher)


@pytest.fixture
def submit(grader, exercise):
    """Grade the solution of 05 with some definitions replaced, under a fixed seed."""

    def grade(definitions: str, seed: int = 7):
        text = lay_over(exercise.solution.read_text(encoding="utf-8"), definitions)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return grader.grade(exercise, Source(Path("/learner/05.py"), text, digest), seed=seed)

    return grade


def step(verdict, name):
    """Return one step of a verdict."""
    return next(each for each in verdict.steps if each.name == name)
