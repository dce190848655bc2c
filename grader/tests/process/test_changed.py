"""`audit --changed` audits what the working tree changes, and says what it leaves to the full audit."""

import os
import subprocess
import sys

import pytest

from grader import cli
from grader.catalogue import places
from grader.proofs import audit as proof
from grader.proofs.tools.spare_checkout import copy_checkout

OTHERS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "COLUMNS": "200"}


def git(folder, *arguments):
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ | OTHERS)


def audit(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "grader", "audit", "--changed", "--jobs", "1", *arguments], cwd=folder, text=True,
        capture_output=True, check=False, env=os.environ | OTHERS,
    )  # fmt: skip


@pytest.fixture
def checkout(tmp_path):
    """A checkout with a history, on a branch."""
    copy_checkout(tmp_path)
    (tmp_path / ".gitignore").write_text("__pycache__/\n.grader/\n", encoding="utf-8")
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "all")
    git(tmp_path, "checkout", "-b", "work")
    return tmp_path


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(text)


def test_nothing_changed_is_said(checkout):
    write(checkout, "grader/tests/test_new.py", "\n")
    write(checkout, "README.md", "\n")
    done = audit(checkout)
    assert (done.returncode, done.stdout) == (0, "No exercise was changed.\n")


def test_what_all_checks_share_is_left_to_the_full_audit(checkout):
    write(checkout, "grader/judging/run.py", "\n")
    git(checkout, "commit", "-am", "shared")
    write(checkout, "fixtures/digits/new.csv", "\n")
    done = audit(checkout)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Changed and shared by all checks: 2 files; the full audit proves this.",
        "No exercise was changed.",
    ]


def test_a_changed_exercise_is_audited_and_no_other(checkout, monkeypatch):
    write(checkout, "fixtures/answers/05_leaf_and_grad/wrong/flag-on-a-result.py", "# Wrong.\nx = 1\n")
    chosen = []
    monkeypatch.setattr(places, "PACKAGE", checkout / "grader")
    monkeypatch.setattr(proof, "audit_all", lambda exercises, *_, **__: chosen.extend(exercises) or [])
    cli.main(["audit", "--changed"])
    assert [each.number for each in chosen] == [5]


def test_without_a_history_it_says_so(tmp_path):
    copy_checkout(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "grader", "audit", "--changed"], cwd=tmp_path, text=True, capture_output=True,
        check=False, env=os.environ | OTHERS | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no history" in done.stderr
