"""A grader that is ended from outside takes its children with it."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from grader.catalogue import places


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_children_die_with_the_grader(tmp_path, how):
    """A submission that sleeps, its grader ended from outside: its scratch folder goes, and so does its process."""
    path = tmp_path / "sleeper.py"
    path.write_text("import time\nopen('here', 'w').close()\ntime.sleep(60)\n", encoding="utf-8")
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    grading = subprocess.Popen(
        [sys.executable, "-m", "grader", "exercise", "05", "--file", str(path), "--call-limit", "60"],
        cwd=places.checkout(), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Whoever runs tests in the background may have told them to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    wait_for(lambda: list(tmp_path.glob("grader-*/here")))
    grading.send_signal(how)
    _, complaint = grading.communicate(timeout=30)
    wait_for(lambda: not list(tmp_path.glob("grader-*")))
    wait_for(lambda: not sleepers(tmp_path))
    if how == signal.SIGINT:
        assert grading.returncode == 130
        assert complaint == "grader: interrupted; nothing is left running\n"


def sleepers(folder):
    """Return the processes that work in a folder of this test."""
    return [each.pid for each in psutil.process_iter(["cwd"]) if str(folder) in (each.info["cwd"] or "")]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
