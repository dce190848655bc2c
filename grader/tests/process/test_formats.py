"""A format is a row: the flag, the help and the README follow from it."""

import subprocess
import sys

import pytest

from grader.catalogue import places
from grader.reports.formats import FORMATS, readme_table
from grader.tests.examples import example


def test_the_readme_lists_them():
    assert readme_table() in (places.checkout() / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.name)
def test_each_renders_verdicts(each):
    assert "return 2" in each.render([example()]).replace("&#160;", " ")


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
