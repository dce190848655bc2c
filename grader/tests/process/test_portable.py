"""Children that are started and not forked: they do as well as forks, and nothing of them is left."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from grader.catalogue.catalogue import find
from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.overlay import lay_over
from grader.judging.source import Source, read_source
from grader.sandbox.parent.portable import PortableLauncher
from grader.verdict import Outcome

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty place for scratch folders."""
    made, before = tmp_path_factory.mktemp("scratch"), tempfile.tempdir
    tempfile.tempdir = str(made)
    yield made
    tempfile.tempdir = before


@pytest.fixture(scope="module")
def launcher(folder):
    with closing(PortableLauncher()) as started:
        yield started


@pytest.fixture(scope="module")
def grader(launcher):
    with Grader("cpu", Limits(call=20.0, exercise=1000.0), launcher) as started:
        yield started


def graded(grader, definitions):
    exercise = find("05")
    text = lay_over(exercise.solution.read_text(encoding="utf-8"), definitions)
    return grader.grade(exercise, Source(Path("05.py"), text, ""), seed=1)


def eventually(true):
    """Return whether something becomes true before long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def test_a_solution_passes(grader):
    assert grader.grade(find("05"), read_source(find("05").solution), seed=1).passed


def test_what_was_printed_belongs_to_the_check_that_it_was_printed_in(grader):
    verdict = graded(grader, "def predict_row(*made):\n    print('made here')\n    return None\n")
    printed = {check.printed for step in verdict.steps for check in step.checks if step.name == "predict_row"}
    assert printed == {"made here\n"}
    assert not any(check.printed for step in verdict.steps for check in step.checks if step.name != "predict_row")


def test_how_a_process_ended_is_told(grader):
    ending = "def switch_on(*leaf):\n    import os\n    os._exit(3)\n"
    [said] = {check.said for step in graded(grader, ending).steps for check in step.checks if step.name == "switch_on"}
    assert "exit code 3" in said


def test_an_endless_loop_costs_one_call(launcher):
    with Grader("cpu", Limits(call=1.0, exercise=1000.0), launcher) as grader:
        verdict = graded(grader, "def result_requires_grad(*both):\n    while True:\n        pass\n")
    ended = {step.name: step.outcome for step in verdict.steps}
    assert ended.pop("result_requires_grad") is Outcome.TIMEOUT
    assert set(ended.values()) == {Outcome.PASSED}


def test_modules_that_are_missing_are_told_once_they_were_asked_for(launcher):
    launcher.preload(("no_such_module",), "")
    assert set(launcher.not_preloaded()) == {"no_such_module"}
    launcher.preload((), "")


def test_nothing_is_left_when_it_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(psutil.Process().children(recursive=True))
    with closing(PortableLauncher()) as launcher, Grader("cpu", Limits(), launcher) as grader:
        assert graded(grader, "").passed
    assert not set(psutil.Process().children(recursive=True)) - before
    assert not list(tmp_path.iterdir())


GRADES_A_SLEEPER = """
    import sys, tempfile
    from pathlib import Path
    from grader.catalogue.catalogue import find
    from grader.judging.grading import Grader
    from grader.judging.clock import Limits
    from grader.judging.source import Source
    from grader.sandbox.parent.portable import PortableLauncher

    tempfile.tempdir = sys.argv[1]
    sleeping = "import time\\ntime.sleep(1000)\\n"
    Grader("cpu", Limits(1000, 1000), PortableLauncher()).grade(find("05"), Source(Path("05.py"), sleeping, ""), seed=1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_nothing_outlives_a_grader_that_was_killed(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(GRADES_A_SLEEPER), str(tmp_path)]
    with subprocess.Popen(command) as grader:
        assert eventually(lambda: list(tmp_path.glob("grader-*/scratch/05.py")))
        started = psutil.Process(grader.pid).children(recursive=True)
        os.kill(grader.pid, signal.SIGKILL)
    assert not psutil.wait_procs(started, timeout=PATIENCE_SECONDS)[1]
    assert eventually(lambda: not list(tmp_path.iterdir()))
