"""A class is graded whole: whatever ends a batch, nothing is lost, nothing is graded twice, nothing stays behind."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import psutil
import pytest

from grader.batch.station import Station, Unfit
from grader.batch.task import How, Task
from grader.catalogue.catalogue import find
from grader.cli import main
from grader.proofs.tools.processes import family, lives
from grader.record.results import Results
from grader.record.rows import State

LEAF = find("05")
COURSE = 'exercises = "5"\nseed = 7\n[limits]\ncall = 5\nexercise = 60\n'
SOLUTION = LEAF.solution.read_text(encoding="utf-8")
PATIENCE = 120  # seconds, for what takes a few


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "course.toml").write_text(COURSE)
    return tmp_path


def hand_in(folder, **texts):
    for student, text in texts.items():
        (folder / "class" / student).mkdir(parents=True, exist_ok=True)
        (folder / "class" / student / f"{LEAF.name}.py").write_text(text)


def arguments(folder, *more):
    return ["batch", str(folder / "class"), "--out", str(folder / "out"), "--course", str(folder / "course.toml"),
            "--jobs", "1", *more]  # fmt: skip


def started(folder):
    command = [sys.executable, "-m", "grader", *arguments(folder)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip


def outcomes(folder):
    with Results(folder / "out") as results:
        keys = {each.submission: each.key for each in results.plan()}
        return {each.student: results.result(keys[each.id]) for each in results.submissions()}


def wait_for(happened):
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def done(folder):
    """Return how many results are kept; a look from outside, while the batch is at work."""
    try:
        with sqlite3.connect(f"{(folder / 'out' / 'results.sqlite3').as_uri()}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM result WHERE state = 'done'").fetchone()[0]
    except sqlite3.Error:
        return 0


def test_a_class_with_everything_in_it(folder, capsys):
    wrong = SOLUTION.replace("return", "return None  #", 1)
    loop = SOLUTION + "\ndef build_four(*args, **kwargs):\n    while True:\n        pass\n"
    hand_in(folder, anna=SOLUTION, ben=wrong, carl="x =", dora="\0", eve=loop)
    assert main(arguments(folder)) == 0
    found = outcomes(folder)
    assert {who: each.outcome for who, each in found.items()} == {
        "anna": "passed", "ben": "failed", "carl": "raised", "dora": found["dora"].outcome, "eve": "timeout",
    }  # fmt: skip
    assert (found["eve"].tries, found["eve"].doubtful) == (2, False)
    assert "a child for each check" in found["eve"].isolation
    assert {each.state for each in found.values()} == {State.DONE}
    assert "5 submissions of 5 students: 1 passed" in " ".join(capsys.readouterr().out.split())
    assert "anna" not in found["anna"].verdict_json  # a verdict may be shared by equal texts


def test_what_is_kept_needs_no_judge(folder, monkeypatch, capsys):
    hand_in(folder, anna=SOLUTION, ben=SOLUTION)
    assert main(arguments(folder)) == 0
    first = outcomes(folder)
    assert first["anna"] == first["ben"]
    assert first["anna"].tries == 1
    monkeypatch.setattr(subprocess, "Popen", None)
    assert main(arguments(folder)) == 0
    assert main(["batch", "--out", str(folder / "out")]) == 0
    assert outcomes(folder) == first
    hand_in(folder, ben=SOLUTION + "\n")
    monkeypatch.undo()
    assert main(arguments(folder)) == 0
    assert outcomes(folder)["ben"].key != first["ben"].key
    assert outcomes(folder)["anna"] == first["anna"]


def test_what_has_changed_is_graded_anew_only_when_asked_for(folder, capsys):
    slow = SOLUTION.replace('"""', '"""', 1) + "\nimport time\ntime.sleep(2)\n"
    hand_in(folder, anna=SOLUTION, ben=slow)
    assert main(arguments(folder)) == 0
    before = outcomes(folder)
    (folder / "course.toml").write_text(COURSE.replace("call = 5", "call = 1"))
    assert main(arguments(folder)) == 0
    assert outcomes(folder) == before
    assert "2 results from before a change of limits" in capsys.readouterr().out
    assert main(arguments(folder, "--regrade")) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Graded anew: 2. Changed: 1." in said
    assert "6 → 0 of 6" in said
    assert "predict_row: passed → timeout" in said
    assert main(arguments(folder, "--regrade")) == 0
    assert "Graded anew" not in capsys.readouterr().out


def test_killed_in_the_middle_it_goes_on(folder):
    hand_in(folder, **{f"s{number}": f"{SOLUTION}\n# {number}\n" for number in range(8)})
    process = started(folder)
    wait_for(lambda: done(folder) >= 2)
    others = family(process.pid)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(map(lives, others)))
    kept = {who: each for who, each in outcomes(folder).items() if each.state is State.DONE}
    assert main(arguments(folder)) == 0
    found = outcomes(folder)
    assert {who: (each.outcome, each.tries) for who, each in found.items()} == dict.fromkeys(found, ("passed", 1))
    assert kept.items() <= found.items()


def test_interrupted_it_leaves_nothing_and_goes_on(folder):
    hand_in(folder, **{f"s{number}": f"{SOLUTION}\n# {number}\n" for number in range(8)})
    process = started(folder)
    wait_for(lambda: done(folder) >= 1)
    others = family(process.pid)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said) == (130, "grader: interrupted; nothing is left running\n")
    wait_for(lambda: not any(map(lives, others)))
    assert "ended early: interrupted" in (folder / "out" / "batch.log").read_text()
    assert not [each for each in outcomes(folder).values() if each.state is State.FAULT]
    assert main(arguments(folder)) == 0
    assert {each.outcome for each in outcomes(folder).values()} == {"passed"}


def test_one_batch_at_a_time(folder, capsys):
    hand_in(folder, anna=SOLUTION)
    with Results(folder / "out", create=True) as results, results.only_one():
        assert main(arguments(folder)) == 2
    assert "another batch is at work" in capsys.readouterr().err


@pytest.fixture
def station():
    with Station(How(call=5.0, exercise=60.0)) as found:
        yield found


def task(text=SOLUTION):
    return Task("key", LEAF.name, text, "", "cpu", 1)


def test_a_judge_that_dies_is_replaced(station):
    station.warm_up(LEAF, "cpu")
    for child in psutil.Process(os.getpid()).children():
        child.kill()
    assert station.grade(task()).outcome == "passed"


def test_what_the_course_requires_is_looked_for_first():
    with Station(How(require=("no-such-part",))) as station, pytest.raises(Unfit, match="lacks no-such-part"):
        station.warm_up(LEAF, "cpu")


def test_a_station_that_is_stopped_says_so(station):
    station.stop()
    ended = station.grade(task())
    assert (ended.state, ended.fault) == (State.FAULT, "interrupted")


def test_results_are_of_a_workspace_or_of_none(folder, monkeypatch):
    hand_in(folder, anna=SOLUTION)
    monkeypatch.chdir(folder)
    assert main(arguments(folder)) == 0
    shutil.rmtree(folder / "class")
    assert main(["batch", "--out", "out"]) == 0
