"""A format is a row: the flag and its help follow from it."""

import subprocess
import sys

from grader.reports.formats import FORMATS


def test_each_has_a_flag_with_help():
    shown = subprocess.run(
        [sys.executable, "-m", "grader", "exercise", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(f"--{each.name}" in shown for each in FORMATS)


def test_standard_output_takes_one():
    command = [sys.executable, "-m", "grader", "exercise", "05", "--json", "-", "--junit", "-"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "not both" in refused.stderr
