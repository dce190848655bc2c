"""An editor with a window of its own: started, left alone, and its failure told in one line."""

import asyncio
import sys

import pytest

from grader.learning.editor.opening import open_window


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/at/all", "x"], "`/nowhere/at/all` cannot be started: No such file or directory"),
        ([sys.executable, "-c", "pass"], ""),
        ([sys.executable, "-c", "import sys; sys.exit('one\\ntwo \\x1b[31m')"], "ended with exit code 1: two"),
        ([sys.executable, "-c", "import os; os._exit(4)"], "ended with exit code 4"),
    ],
)
def test_what_went_wrong_is_one_line(command, said):
    found = asyncio.run(open_window(command))
    assert said in found if said else not found
    assert "\n" not in found
    assert "\x1b" not in found
