"""`drill` and `stats` from the command line: with nothing to ask, left early, with a clock or a record that is odd."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from grader.catalogue import places
from grader.tests.learner import Learner

DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def anybody(tmp_path_factory):
    """A workspace to be copied."""
    return Learner(tmp_path_factory.mktemp("anybody") / "home")


@pytest.fixture
def learner(anybody, tmp_path):
    return Learner(tmp_path / "home", like=anybody)


@pytest.fixture
def begun(learner):
    """One who has passed an exercise."""
    learner.remembers({"at": time.time() - DAY, "outcome": "passed"})
    return learner


def kept(learner):
    return json.loads(learner.run("export").stdout)["drilled"]


@pytest.mark.parametrize("command", [("drill",), ("stats",), ("review",), ("drill", "--json")])
def test_with_nothing_begun_each_says_so_in_a_line(learner, command):
    done = learner.run(*command)
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")


@pytest.mark.parametrize(
    "options",
    [("--exercise", "06"), ("--exercise", "99"), ("--part", "a"), ("--misconception", "view"), ("--count", "0")],
)
def test_what_cannot_be_asked_is_one_line_and_2(begun, options):
    done = begun.run("drill", *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(("grader: ", "python -m grader drill: error: ", "__main__.py"))


def test_a_round_in_a_pipe(begun):
    done = begun.run("drill", "--misconception", "leaf-lost-by-to", input="False\n")
    assert done.returncode == 0
    assert "✓ Right." in done.stdout
    assert [each["misconception"] for each in kept(begun)] == ["leaf-lost-by-to"]
    assert "Questions answered: 1, 100% of them right" in begun.run("stats").stdout


def test_a_wrong_answer_is_told_to_the_shell(begun):
    done = begun.run("drill", "--json", "--misconception", "leaf-lost-by-to", input='{"answer": "True"}\n')
    assert done.returncode == 1
    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == ["question", "verdict", "end"]
    assert [each["correct"] for each in kept(begun)] == [0]


def test_a_round_that_is_interrupted_keeps_what_was_answered(begun):
    command = [sys.executable, "-m", "grader", "drill", "--json"]
    environment = os.environ | {"PYTHONPATH": str(places.checkout())}
    with subprocess.Popen(
        command, cwd=begun.home, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores it
    ) as drill:  # fmt: skip
        assert json.loads(drill.stdout.readline())["type"] == "question"
        drill.stdin.write('{"answer": "?"}\n')
        drill.stdin.flush()
        assert json.loads(drill.stdout.readline())["type"] == "verdict"
        assert json.loads(drill.stdout.readline())["type"] == "question"
        drill.send_signal(signal.SIGINT)
        said = drill.stderr.read()
    assert drill.returncode == 130
    assert said == "grader: interrupted; 1 of 10 answers were given, and are kept\n"
    assert len(kept(begun)) == 1


def test_a_clock_that_was_moved_back_is_said(learner):
    learner.remembers({"at": time.time() + 9 * DAY, "outcome": "passed"})
    for command in ("stats", "review", "drill"):
        done = learner.run(command, input="")
        assert done.stderr.startswith("grader: the clock is behind the record, which goes up to ")
        assert len(done.stderr.splitlines()) == 1
    assert len(json.loads(learner.run("export").stdout)["attempt"]) == 1


def test_a_record_of_a_newer_version_is_left_alone(begun):
    path = begun.home / ".grader" / "progress.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    for command in ("stats", "review", "drill"):
        done = begun.run(command)
        assert done.returncode == 0
        assert "was written by a newer grader" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)


def test_stats_are_written_as_a_page(begun, tmp_path):
    assert begun.run("stats", "--html", str(tmp_path / "page.html")).returncode == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == begun.run("stats", "--html", "-").stdout
    done = begun.run("stats", "--html", str(tmp_path / "none" / "page.html"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_no_command_of_practice_loads_torch(begun):
    look = "sys.exit(bool({'torch', 'pytest'} & set(sys.modules)))"
    for command in (["stats"], ["review"], ["drill", "--misconception", "leaf-lost-by-to"]):
        code = f"import sys; from grader.cli import main; main({command}); {look}"
        environment = os.environ | {"PYTHONPATH": str(places.checkout())}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=begun.home,
            env=environment,
            check=False,
            input=b"?\n",
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
