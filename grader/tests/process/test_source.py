"""A submission is opened once and safely, whatever lies at its path, and no file is graded in the place of another."""

import os
import subprocess
import sys

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find, find_file, find_own
from grader.errors import UsageError
from grader.judging.source import MAX_BYTES, read_source

SOLUTION = find("05").solution


def in_a_shell(command):
    """Run a command of bash in the checkout, where `python` is this one."""
    return subprocess.run(
        ["bash", "-c", f'python() {{ "{sys.executable}" "$@"; }}; {command}'], cwd=places.checkout(), timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"), [("pipe", "a pipe or a device"), ("folder", "a folder"), ("zeros", "device")]
)
def test_what_is_no_file_is_refused_at_once(tmp_path, name, said):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zeros").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=said):
        read_source(tmp_path / name)


def test_no_more_is_read_than_a_submission_may_hold(tmp_path):
    with (tmp_path / "sparse.py").open("wb") as file:
        file.truncate(100 * MAX_BYTES)
    with pytest.raises(UsageError, match="more than 1 MB"):
        read_source(tmp_path / "sparse.py")


def test_a_link_is_followed_unless_it_comes_from_somebody_else(tmp_path):
    link = tmp_path / "05.py"
    link.symlink_to(SOLUTION)
    assert read_source(link).text == SOLUTION.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="links are not followed"):
        read_source(link, follow_links=False)


@pytest.mark.parametrize("handed_over", ["/dev/stdin < {}", "/dev/stdin < <(cat {})", "<(cat {})"])
def test_what_the_shell_hands_over_is_graded(handed_over):
    ended = in_a_shell(f"python -m grader exercise 05 --file {handed_over.format(SOLUTION)}")
    assert "6 of 6 steps passed" in ended.stdout


def test_a_path_to_another_file_is_that_file():
    assert find_file(str(SOLUTION)) == (find("05"), SOLUTION)
    with pytest.raises(UsageError, match="--file"):
        find_own(str(SOLUTION))


def test_a_path_to_the_exercise_is_the_exercise(monkeypatch):
    monkeypatch.chdir(find("05").stub.parent)
    for name in (str(find("05").stub), "05_leaf_and_grad.py", "../exercises/05_leaf_and_grad.py", "5", "leaf_and_grad"):
        assert find_own(name) == find("05")


def test_a_path_to_nothing_is_no_exercise():
    with pytest.raises(UsageError, match="no file /nowhere"):
        find_file("/nowhere/05_leaf_and_grad.py")
