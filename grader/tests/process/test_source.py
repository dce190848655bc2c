"""What the shell hands over in place of a file is graded as a file is."""

import subprocess
import sys

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find

SOLUTION = find("05").solution


def in_a_shell(command):
    """Run a command of bash in the checkout, where `python` is this one."""
    return subprocess.run(
        ["bash", "-c", f'python() {{ "{sys.executable}" "$@"; }}; {command}'], cwd=places.checkout(), timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("handed_over", ["/dev/stdin < {}", "/dev/stdin < <(cat {})", "<(cat {})"])
def test_what_the_shell_hands_over_is_graded(handed_over):
    ended = in_a_shell(f"python -m grader exercise 05 --file {handed_over.format(SOLUTION)}")
    assert "6 of 6 steps passed" in ended.stdout
