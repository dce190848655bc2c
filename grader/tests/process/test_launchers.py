"""A launcher hands out children and takes back all that they were given, whatever happens to it meanwhile."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from grader.catalogue.catalogue import find
from grader.errors import GraderError
from grader.judging import suite
from grader.judging.grading import Grader
from grader.judging.source import Source, read_source
from grader.sandbox.parent import fork
from grader.sandbox.shared.policy import Policy


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty place for scratch folders."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def launcher(folder):
    launcher = fork.ForkLauncher()
    yield launcher
    launcher.close()


def solved(grader):
    return grader.grade(find("05"), read_source(find("05").solution), seed=1)


def scratch_folders(folder):
    """Return what is left once there was time to remove it: nobody waits for that."""
    deadline = time.monotonic() + 60
    while (left := list(folder.glob("grader-*"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def end_zygote(launcher):
    os.kill(launcher._zygote._process.pid, signal.SIGKILL)
    launcher._zygote._process.wait()


def test_after_its_zygote_was_killed_the_next_grading_is_whole(launcher, folder):
    with Grader(launcher=launcher) as grader:
        assert solved(grader).passed
        end_zygote(launcher)
        assert solved(grader).passed
    assert not scratch_folders(folder)


def test_children_that_were_prepared_by_a_killed_zygote_are_not_used(launcher, folder):
    with Grader(launcher=launcher) as grader:
        grader.prepare(find("05"))
        end_zygote(launcher)
        assert solved(grader).passed
    assert not scratch_folders(folder)


def test_what_was_preloaded_is_loaded_again(launcher):
    launcher.preload(("grader.curriculum.preload.meta", "no_such_module"), "x = 1")
    end_zygote(launcher)
    launcher.preload((), "")
    assert set(launcher.not_preloaded()) == {"no_such_module"}


def test_a_child_that_cannot_be_started_leaves_nothing_and_says_why(launcher, folder):
    end_zygote(launcher)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(fork.ZygoteEnded, match="killed"):
        fork.ForkedChild(launcher._zygote, Policy(""))
    assert len(os.listdir("/proc/self/fd")) == before
    assert not scratch_folders(folder)


def test_the_cause_of_a_sandbox_that_does_not_start_is_told(launcher, folder, monkeypatch):
    monkeypatch.setattr("grader.sandbox.parent.client.START_SECONDS", 0.0)
    with Grader(launcher=launcher) as grader, pytest.raises(GraderError, match="a sandbox could not be started"):
        solved(grader)
    assert not scratch_folders(folder)


def test_no_room_for_scratch_folders_is_told(launcher, monkeypatch):
    with Grader(launcher=launcher) as grader:
        monkeypatch.setattr(tempfile, "tempdir", str(Path(os.devnull) / "nowhere"))
        with pytest.raises(GraderError, match="Not a directory"):
            solved(grader)


def test_one_process_judges_one_submission_at_a_time(launcher):
    """A second one, in another thread, is told so in one line."""
    slow = Source(Path("slow.py"), "import time\ntime.sleep(1)\n", "")
    with Grader(launcher=launcher) as first, Grader() as second:
        thread = threading.Thread(target=lambda: first.grade(find("05"), slow, seed=1))
        thread.start()
        while not suite._judging.locked():
            time.sleep(0.01)
        with pytest.raises(GraderError, match="one after the other"):
            solved(second)
        thread.join()
        assert solved(second).passed


def test_nothing_of_a_launcher_outlives_it(folder):
    launcher = fork.ForkLauncher()
    handle = launcher.start(Policy(""))
    pid = handle.pid
    launcher.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    handle.end()
    assert not scratch_folders(folder)
    assert subprocess.run(["true"], check=False).returncode == 0
