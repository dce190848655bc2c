"""What a clone holds: nothing of the machine of whoever committed it, and room for what the README's command makes."""

import subprocess

import pytest

from grader.catalogue import places

TRACKED_THOUGH_IGNORED = ("git", "ls-files", "--cached", "--ignored", "--exclude-standard")


@pytest.mark.skipif(not (places.checkout() / ".git").exists(), reason="this is not a clone")
def test_nothing_that_git_is_told_to_ignore_is_in_it():
    done = subprocess.run(TRACKED_THOUGH_IGNORED, cwd=places.checkout(), capture_output=True, text=True, check=True)
    assert done.stdout == ""
