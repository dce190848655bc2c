"""The audit finds what is planted in a copy of the checkout, and names the file that is at fault."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grader.catalogue.catalogue import find
from grader.exit_code import ExitCode
from grader.proofs.tools.spare_checkout import copy_checkout

EXERCISE = find("05")
UPSTREAM_IGNORED = """# Backward starts from the sum of the middle.
def middle_and_leaf(x, upstream):
    leaf = x.clone().requires_grad_()
    middle = leaf**2
    middle.retain_grad()
    middle.sum().backward()
    return middle, leaf
"""
SWITCHED_ON = "def switch_on(tensor):\n    tensor.requires_grad = True\n    return tensor\n"
REMEMBERS = """called = []
def switch_on(tensor):
    called.append(tensor)
    return tensor.requires_grad_(len(called) < 2)
"""
ANSWERS = {
    "wrong/flag-on-a-result.py": f"# I thought that this was wrong.\n{SWITCHED_ON}",
    "wrong/upstream-ignored.py": UPSTREAM_IGNORED,
    "wrong/retain-ignored.py": UPSTREAM_IGNORED,
    "wrong/no-such-belief.py": UPSTREAM_IGNORED,
    "right/without_a_comment.py": SWITCHED_ON,
    "right/remembers.py": f"# Goes wrong at the second call in a process.\n{REMEMBERS}",
    "right/returns_none.py": "# Another shape.\ndef switch_on(tensor):\n    tensor.requires_grad_()\n",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout whose exercise 05 has known answers, some of them not what their names say."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_checkout(folder)
    for name, text in ANSWERS.items():
        file = folder / "fixtures" / "answers" / EXERCISE.name / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def audited(checkout):
    """What the audit of that exercise says of it, under three seeds."""
    command = [sys.executable, "-m", "grader", "audit", "05", "--seed", "1", "--seeds", "3", "--jobs", "1"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=300, env={"COLUMNS": "250"})


def test_it_does_not_pass(audited):
    assert audited.returncode == ExitCode.NOT_ALL_PASSED
    assert not audited.stderr


@pytest.mark.parametrize(
    "said",
    [
        "wrong/flag-on-a-result.py is accepted\n",
        "wrong/flag-on-a-result.py is accepted [under seed 2]\n",
        "right/returns_none.py: ",
        "wrong/retain-ignored.py is named ['upstream-ignored']: ",
        "right/without_a_comment.py does not begin with a comment",
        "no misconception is called 'no-such-belief'",
        "the checks name leaf-keeps-unasked, but no wrong answer meets it",
    ],
)
def test_it_says_what_is_at_fault(audited, said):
    assert f"{EXERCISE.name}: {said}" in audited.stdout


@pytest.mark.parametrize("file", ["upstream-ignored.py", "without_a_comment.py: ", "remembers.py"])
def test_it_says_nothing_of_answers_that_end_as_they_should(audited, file):
    assert file not in audited.stdout


def test_it_says_which_seeds_were_tried(audited):
    assert "3 seeds, 1 to 3" in audited.stdout
