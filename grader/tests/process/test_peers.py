"""The comparison with other graders runs commands, and leaves nothing of them behind."""

import sys
from dataclasses import replace

import psutil
import pytest

from grader.proofs.peers import commands
from grader.proofs.peers.endings import Ending
from grader.proofs.peers.measure import measure
from grader.proofs.peers.record import Record
from grader.proofs.peers.submissions import Kind, Submission
from grader.proofs.peers.tools import Work
from grader.tests.unit.test_peers import TOOL


def test_a_command_leaves_nothing_running(tmp_path):
    start = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    script = start + "print('begun', flush=True); time.sleep(60)"
    finished = commands.run([sys.executable, "-c", script], tmp_path, {"PATH": "/usr/bin"}, limit=0.5)
    assert 0.5 <= finished.seconds < 10
    marks = [(each.info["environ"] or {}).get(commands.MARK, "") for each in psutil.process_iter(["environ"])]
    assert not [mark for mark in marks if str(tmp_path) in mark]


class Racing:
    """A tool that ends as it is told to, time after time."""

    def __init__(self, package, *given):
        self.description = replace(TOOL, package=package)
        self._endings = iter(given)

    def prepare(self, folder):
        pass

    def lay_out(self, folder, text):
        return Work([sys.executable, "-c", ""], folder, lambda: next(self._endings, Ending.REFUSED))

    def warm(self, folder, texts):
        return None

    def environment(self, folder):
        return {}


@pytest.mark.parametrize(
    ("package", "given", "expected"),
    [
        ("tool", [Ending.LOST], Ending.REFUSED),
        ("tool", [Ending.ACCEPTED, Ending.ACCEPTED], Ending.ACCEPTED),
        ("tool", [Ending.LOST, Ending.ACCEPTED], Ending.LOST),
        ("", [Ending.LOST], Ending.LOST),
    ],
)
def test_what_speaks_against_another_tool_has_to_happen_twice(package, given, expected, tmp_path):
    attack, right = Submission(Kind.HOSTILE, "race", ""), Submission(Kind.RIGHT, "solution", "")
    record = Record(tmp_path / "measured.jsonl", {}, go_on=False)
    list(measure([Racing(package, *given)], [attack, right], record, tmp_path))
    assert record.trials[TOOL.name, Kind.HOSTILE, "race"].ending is expected
