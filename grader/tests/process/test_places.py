"""Commands keep what they keep in the workspace that they are called in."""

import subprocess
import sys

import pytest

from grader.catalogue import places


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A workspace outside the checkout, from whose depths one looks for it."""
    (tmp_path / places.MARK).touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    return tmp_path


def test_a_command_keeps_its_record_in_the_workspace_that_it_is_called_in(elsewhere):
    (elsewhere / "exercises").mkdir()
    (elsewhere / "exercises" / "05_leaf_and_grad.py").write_text("x = 1\n", encoding="utf-8")
    command = [sys.executable, "-m", "grader", "exercise", "05"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "your file does not define" in ended.stdout
    assert (elsewhere / ".grader" / "progress.sqlite3").exists()
