"""The runner sees where an oddity ends otherwise than it must. `tox -e oddities` runs the whole battery."""

import pytest

from grader.catalogue.catalogue import exercises, find
from grader.proofs.oddities import runner
from grader.proofs.oddities.corpus import NOT_READ, Oddity, oddities
from grader.tests.process.conftest import SHIELDED

needs_the_sandbox = pytest.mark.skipif(not SHIELDED, reason="this system has no Landlock or no seccomp")


@pytest.fixture(scope="module")
def bench():
    with runner.Bench() as started:
        yield started


@pytest.mark.parametrize(
    ("said", "text", "trouble"),
    [
        ({"ending": "passed"}, "raise ValueError('x')\n", "it ended as raised, not as passed: ValueError: x"),
        (
            {"ending": "raised", "says": "KeyError"},
            "raise ValueError('x')\n",
            "it is said: ValueError: x; not: KeyError",
        ),
        ({"ending": "raised", "shows": "line 99"}, "raise ValueError('x')\n", "it is not shown: line 99"),
        ({"ending": NOT_READ, "says": "empty"}, "x = 1\n", "it ended as passed, not as not read: "),
    ],
    ids=["another ending", "another sentence", "another line", "a file that is none"],
)
def test_what_ends_otherwise_is_a_trouble(bench, said, text, trouble):
    assert bench.run(Oddity("x", {"oddity": "none"} | said, text), find("05")).troubles == (trouble,)


@needs_the_sandbox
def test_the_command_ends_with_1_where_something_ended_otherwise_and_with_0_otherwise(monkeypatch, capsys):
    assert runner.main(["--quick", "file_here", "text_bom", "reads_elsewhere", "raises_of_many_lines"]) == 0
    assert "4 oddities, 4 gradings: 4 ended as they must, 0 wrong endings" in capsys.readouterr().out
    wrong = [Oddity("x", {"oddity": "none", "ending": "passed", "exercises": "05"}, "1 / 0\n")]
    monkeypatch.setattr(runner, "oddities", lambda names: wrong)
    assert runner.main([]) == 1
    assert "WRONG: x with 05" in capsys.readouterr().out


def test_the_quick_way_tries_every_oddity_once_and_every_exercise():
    chosen = oddities()
    pairs = list(runner._pairs(chosen, 0))
    assert len(pairs) == sum(each.applies for each in chosen)
    assert {exercise.name for _, exercise in pairs} == {each.name for each in exercises()}
