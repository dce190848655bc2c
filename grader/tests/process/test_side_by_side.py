"""Commands that run side by side: all that they say is printed, and one that fails is enough."""

import sys

import pytest

from grader.proofs.tools.side_by_side import main

WAITS = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
while not other.exists():
    time.sleep(0.01)
print(f"{mine.name} has seen {other.name}")
"""


@pytest.fixture
def waits(tmp_path):
    """A command that ends only while another one runs."""
    script = tmp_path / "waits.py"
    script.write_text(WAITS, encoding="utf-8")
    return lambda mine, other: f"{sys.executable} {script} {tmp_path / mine} {tmp_path / other}"


def test_they_run_at_the_same_time(waits, capsys):
    assert main([waits("left", "right"), waits("right", "left")]) == 0
    printed = capsys.readouterr().out
    assert "left has seen right" in printed
    assert "right has seen left" in printed


def test_one_that_fails_is_enough_and_does_not_stop_the_others(capsys):
    fails = f"{sys.executable} -c 'import sys; sys.exit(\"it failed\")'"
    assert main([fails, f"{sys.executable} -c 'print(\"it ran\")'"]) == 1
    printed = capsys.readouterr().out
    assert "it failed" in printed
    assert "it ran" in printed
