"""An exercise that passed long ago is handed out again, graded as usual, and set beside the first time."""

import json
import time

import pytest

from grader.catalogue.catalogue import find
from grader.tests.learner import Learner

DAY = 24 * 60 * 60
NAME = find("05").name
SOLUTION = find("05").solution.read_text(encoding="utf-8")
WRONG = SOLUTION.replace("any(inputs_require_grad)", "all(inputs_require_grad)")
OTHERWISE = SOLUTION.replace("any(inputs_require_grad)", "max(inputs_require_grad, default=False)")


@pytest.fixture(scope="module")
def anybody(tmp_path_factory):
    """A workspace to be copied."""
    return Learner(tmp_path_factory.mktemp("anybody") / "home")


@pytest.fixture
def learner(anybody, tmp_path):
    return Learner(tmp_path / "home", like=anybody)


@pytest.fixture
def veteran(learner):
    long_ago = time.time() - 60 * DAY
    meeting = {"at": long_ago, "exercise": NAME, "step": "result_requires_grad", "misconception": "contagion-forgotten"}
    learner.remembers({"at": long_ago, "outcome": "failed"}, {"at": long_ago + 300, "outcome": "passed"}, met=[meeting])
    learner.answer.write_text(SOLUTION, encoding="utf-8")
    return learner


def test_what_is_due_is_handed_out_graded_and_compared(veteran):
    said = veteran.run("review").stdout
    assert f"review/{NAME}.py" in said
    assert veteran.review.read_text(encoding="utf-8") == find("05").handed_out.read_text(encoding="utf-8")
    assert "Still open" in veteran.run("review").stdout
    veteran.review.write_text(WRONG, encoding="utf-8")
    graded = veteran.run("exercise", f"review/{NAME}.py")
    assert graded.returncode == 1
    assert "Met again: One input that requires a gradient is enough" in graded.stdout
    veteran.review.write_text(OTHERWISE, encoding="utf-8")
    graded = veteran.run("exercise", f"review/{NAME}.py")
    assert graded.returncode == 0
    assert "Then: 2 attempts in 5 minutes." in graded.stdout
    assert "Now:  2 attempts in" in graded.stdout
    assert "max(inputs_require_grad, default=False)" in graded.stdout
    assert veteran.answer.read_text(encoding="utf-8") == SOLUTION
    assert "Nothing is due for review" in veteran.run("review").stdout
    kept = json.loads(veteran.run("export").stdout)
    assert len(kept["attempt"]) == 2
    assert [each["outcome"] for each in kept["review_attempt"]] == ["failed", "passed"]


def test_what_lies_there_from_an_earlier_review_is_kept(veteran):
    veteran.review.parent.mkdir()
    veteran.review.write_text("mine = 1\n", encoding="utf-8")
    assert veteran.run("review", "05").returncode == 0
    [backup] = (veteran.home / ".grader" / "backup" / "review" / NAME).iterdir()
    assert backup.read_text(encoding="utf-8") == "mine = 1\n"


def test_with_nothing_passed_there_is_nothing_to_review(learner):
    done = learner.run("review")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert "Nothing to review yet" in done.stdout
    done = learner.run("review", "05")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "has not passed yet" in done.stderr


def test_one_that_is_not_due_is_handed_out_when_asked_for(learner):
    learner.remembers({"at": time.time() - 60, "outcome": "passed"})
    assert "Nothing is due for review: 05 comes" in learner.run("review").stdout
    assert "Handed out once more" in learner.run("review", "05").stdout


def test_a_folder_that_cannot_be_made_is_one_line(veteran):
    (veteran.home / "review").write_text("a file in its place", encoding="utf-8")
    done = veteran.run("review")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "cannot be written" in done.stderr
    assert json.loads(veteran.run("export").stdout)["review"] == []
