"""`new` makes the files of an exercise, and the audit then asks for all that is missing in them."""

import subprocess
import sys

import pytest

from grader.proofs.tools.spare_checkout import copy_checkout


@pytest.fixture
def checkout(tmp_path):
    copy_checkout(tmp_path)
    return tmp_path


def run(checkout, *arguments):
    command = [sys.executable, "-m", "grader", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=120, check=False)


def files(checkout):
    return sorted(path for path in checkout.rglob("*") if "__pycache__" not in path.parts)


def test_the_audit_asks_for_what_is_missing(checkout):
    made = run(checkout, "new", "38", "my_new", "--steps", "one", "two")
    assert made.returncode == 0, made.stderr
    assert (checkout / "exercises" / "38_my_new.py").exists()
    assert "38_my_new" in run(checkout, "list", "--json").stdout
    audit = run(checkout, "audit", "38")
    assert audit.returncode == 1
    missing = ("what the exercise is about", "step one has no text", "no comment that says why")
    for asked in (*missing, "step two has no check", "step one has 0 hints", "0 right answers", "two has no table"):
        assert asked in audit.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("5", "x"), "05_leaf_and_grad is there already"), (("38", "leaf_and_grad"), "there already"),
     (("38", "no-name"), "cannot be a name"), (("38", "x", "--steps", "one"), "two to six steps")],
)  # fmt: skip
def test_what_cannot_be_made_is_one_line_and_nothing_is_written(checkout, arguments, said):
    before = files(checkout)
    refused = run(checkout, "new", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert files(checkout) == before
