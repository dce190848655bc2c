"""The runner sees where a scenario ends otherwise than it must. `tox -e chaos` tries all of them."""

import sys

import pytest

from grader.proofs.chaos import runner, scenarios
from grader.proofs.chaos.corpus import Scenario, chosen
from grader.proofs.chaos.world import Ended, Skipped, unlike

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is left of a process is looked for in /proc")


def scenario(act):
    """Return a scenario of these steps."""
    return Scenario("test", "of the runner", act)


def leaves_a_folder(world):
    """A scratch folder is left."""
    (world.temporary / "grader-left").mkdir()
    yield from ()


def changes_the_file(world):
    """The learner's file is changed."""
    world.file.write_text("x = 1\n", encoding="utf-8")
    yield from ()


def breaks_the_record(world):
    """The record is broken."""
    world.database.parent.mkdir()
    world.database.write_bytes(b"no database" * 1000)
    yield from ()


def raises(world):
    """What is waited for never comes."""
    raise TimeoutError("it never came")


def is_skipped(world):
    """Cannot be tried."""
    raise Skipped("not here")


@pytest.mark.parametrize(
    ("act", "trouble"),
    [
        (leaves_a_folder, "grader-left is left in the temporary folder"),
        (changes_the_file, "the learner's file was changed"),
        (breaks_the_record, "the record cannot be read: file is not a database"),
        (raises, "TimeoutError: it never came"),
    ],
)
def test_what_is_lost_or_left_is_seen(monkeypatch, act, trouble):
    monkeypatch.setattr("grader.proofs.chaos.world.SECONDS_TO_CLEAN_UP", 0.1)
    assert runner.run(scenario(act)).troubles == (trouble,)


def test_a_process_that_is_left_is_seen(monkeypatch):
    monkeypatch.setattr("grader.proofs.chaos.world.SECONDS_TO_CLEAN_UP", 0.1)

    def leaves_a_process(world):
        world.run("--version")
        world.start("exercise", "05", "--file", "/dev/stdin")
        yield from ()

    [trouble] = runner.run(scenario(leaves_a_process)).troubles
    assert trouble.startswith("a process is left")


@pytest.mark.parametrize(
    ("ended", "trouble"),
    [
        (Ended(0, "", "grader: cause\n"), "exit code 0, not 3"),
        (Ended(3, "", "grader: something\n"), "it is said"),
        (Ended(3, "", "grader: cause\nTraceback\n"), "a traceback is shown"),
        (Ended(3, "", "grader: cause\ngrader: more\n"), "more than one line is said"),
    ],
)
def test_another_ending_is_seen(ended, trouble):
    assert any(trouble in each for each in unlike(ended, 3, "cause"))
    assert list(unlike(Ended(3, "", "grader: cause\n"), 3, "cause")) == []


def test_the_command_ends_with_1_where_something_ended_otherwise_and_with_0_otherwise(monkeypatch, capsys):
    monkeypatch.setattr(scenarios, "ALL", [scenario(is_skipped), *chosen(scenarios.ALL, ["record_a_pipe"])])
    assert runner.main([]) == 0
    assert "2 scenarios: 1 ended as they must, 0 wrong endings, 1 skipped" in capsys.readouterr().out
    monkeypatch.setattr(scenarios, "ALL", [scenario(raises)])
    assert runner.main([]) == 1
    assert "WRONG: test of the runner: TimeoutError: it never came" in capsys.readouterr().out


def test_every_scenario_says_in_a_line_what_happens():
    said = [each.says for each in scenarios.ALL]
    assert all(said)
    assert len({(each.family, each.name) for each in scenarios.ALL}) == len(said)
