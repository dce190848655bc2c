"""Progress moves between machines as JSON: all of it, once, and nothing out of a file that is damaged."""

import argparse
import io
import json
import sys

import pytest
from rich.console import Console

from grader import cli
from grader.commands import record
from grader.record.progress import Progress

ATTEMPT = {
    "at": 1.25, "exercise": "05_leaf_and_grad", "device": "cpu", "outcome": "passed", "submission": "a", "checks": "b",
    "torch": "2.13.0", "seed": 2**32 - 1, "steps_passed": 6, "steps": 6, "seconds": 0.1,
}  # fmt: skip
MET = {"at": 1.25, "exercise": "05_leaf_and_grad", "step": "switch_on", "misconception": "view-is-copy"}
HINT = {"exercise": "05_leaf_and_grad", "step": "switch_on", "taken": 2}
DRILLED = {"at": 3.5, "misconception": "view-is-copy", "correct": 1, "seconds": 4.0}
REVIEW = {"at": 4.5, "exercise": "05_leaf_and_grad"}
REVIEW_ATTEMPT = {
    "at": 5.5, "began": 4.5, "exercise": "05_leaf_and_grad", "device": "cpu", "outcome": "passed", "submission": "a",
    "steps_passed": 6, "steps": 6, "seconds": 0.1,
}  # fmt: skip
BEFORE_PRACTICE = {
    "format": "pytorch-katas progress", "version": 1, "attempt": [ATTEMPT, ATTEMPT | {"at": 2.5, "outcome": "failed"}],
    "met": [MET], "hint": [HINT],
}  # fmt: skip
WHOLE = BEFORE_PRACTICE | {"drilled": [DRILLED], "review": [REVIEW], "review_attempt": [REVIEW_ATTEMPT]}
ANSWERS = " Answers to questions in it: 1.\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The path of the database that the commands use in place of the learner's."""
    path = tmp_path / "here" / "progress.sqlite3"
    monkeypatch.setattr(record, "Progress", lambda: Progress(path))
    return path


def bring(tmp_path, capsys, content):
    """Import a file with this content; return exit code and what was said on both streams."""
    file = tmp_path / "progress.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    code = cli.main(["import", str(file)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_round_trip_brings_everything_once(tmp_path, capsys, here):
    assert bring(tmp_path, capsys, WHOLE)[:2] == (0, f"Attempts added: 2. Already here: 0.{ANSWERS}")
    assert cli.main(["export", str(tmp_path / "taken.json")]) == 0
    capsys.readouterr()
    taken = json.loads((tmp_path / "taken.json").read_text(encoding="utf-8"))
    assert taken == WHOLE
    here.unlink()
    assert bring(tmp_path, capsys, taken)[1] == f"Attempts added: 2. Already here: 0.{ANSWERS}"
    assert bring(tmp_path, capsys, taken)[1] == f"Attempts added: 0. Already here: 2.{ANSWERS}"
    everything = Progress(here).everything()
    assert everything == {name: rows for name, rows in WHOLE.items() if name not in ("format", "version")}


def test_a_file_from_before_there_was_practice_is_added_too(tmp_path, capsys, here):
    assert bring(tmp_path, capsys, BEFORE_PRACTICE)[:2] == (0, "Attempts added: 2. Already here: 0.\n")
    assert Progress(here).everything()["drilled"] == []


def test_what_two_machines_have_drilled_is_put_together(tmp_path, capsys, here):
    bring(tmp_path, capsys, WHOLE)
    bring(tmp_path, capsys, WHOLE | {"drilled": [DRILLED, DRILLED | {"at": 9.5, "correct": 0}]})
    assert [row["at"] for row in Progress(here).everything()["drilled"]] == [3.5, 9.5]


def test_the_same_entry_twice_in_a_file_is_added_once(tmp_path, capsys, here):
    twice = WHOLE | {"attempt": [ATTEMPT, ATTEMPT], "met": [MET, MET]}
    assert bring(tmp_path, capsys, twice)[0] == 0
    assert Progress(here).everything()["attempt"] == [ATTEMPT]
    assert Progress(here).meetings()["view-is-copy"][0].times == 1


@pytest.mark.parametrize(("there", "here_already", "expected"), [(2, 3, 3), (3, 1, 3)])
def test_of_the_hints_taken_the_larger_number_holds(tmp_path, capsys, here, there, here_already, expected):
    bring(tmp_path, capsys, WHOLE | {"hint": [HINT | {"taken": here_already}]})
    bring(tmp_path, capsys, WHOLE | {"hint": [HINT | {"taken": there}]})
    assert Progress(here).everything()["hint"] == [HINT | {"taken": expected}]


def test_both_ways_through_a_pipe(tmp_path, capsys, monkeypatch, here):
    bring(tmp_path, capsys, WHOLE)
    assert cli.main(["export"]) == 0
    text = capsys.readouterr().out
    here.unlink()
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert cli.main(["import", "-"]) == 0
    assert Progress(here).everything()["attempt"] == WHOLE["attempt"]


def test_a_mark_at_the_beginning_of_the_file_does_no_harm(tmp_path, capsys):
    assert bring(tmp_path, capsys, b"\xef\xbb\xbf" + json.dumps(WHOLE).encode())[0] == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"1" * 10_000, "is not JSON"),
        ([], "does not hold progress"),
        ({}, "does not hold progress"),
        (WHOLE | {"format": "another"}, "does not hold progress"),
        (WHOLE | {"version": 2}, "another version"),
        ({name: WHOLE[name] for name in ("format", "version", "attempt")}, "it has no list 'met'"),
        (WHOLE | {"attempt": {}}, "it has no list 'attempt'"),
        (WHOLE | {"attempt": [ATTEMPT, 7]}, "entry 2 of 'attempt'"),
        (WHOLE | {"attempt": [{}]}, "entry 1 of 'attempt'"),
        (WHOLE | {"attempt": [ATTEMPT | {"seed": "7"}]}, "entry 1 of 'attempt'"),
        (WHOLE | {"attempt": [ATTEMPT | {"seed": True}]}, "entry 1 of 'attempt'"),
        (WHOLE | {"attempt": [ATTEMPT | {"seed": 2**70}]}, "entry 1 of 'attempt'"),
        (WHOLE | {"attempt": [ATTEMPT | {"at": float("nan")}]}, "entry 1 of 'attempt'"),
        (WHOLE | {"attempt": [ATTEMPT | {"exercise": None}]}, "entry 1 of 'attempt'"),
        (WHOLE | {"met": [MET | {"at": 1e300}]}, "entry 1 of 'met'"),
        (WHOLE | {"met": [MET | {"step": "\x1b[31m"}]}, "entry 1 of 'met'"),
        (WHOLE | {"met": [MET | {"step": "\ud800"}]}, "entry 1 of 'met'"),
        (WHOLE | {"hint": [HINT | {"taken": -1}]}, "entry 1 of 'hint'"),
        (WHOLE | {"drilled": {}}, "it has no list 'drilled'"),
        (WHOLE | {"drilled": [DRILLED | {"correct": "yes"}]}, "entry 1 of 'drilled'"),
        (WHOLE | {"review_attempt": [REVIEW]}, "entry 1 of 'review_attempt'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_is_one_line_and_2_and_adds_nothing(tmp_path, capsys, here, content, said):
    code, out, err = bring(tmp_path, capsys, content)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not here.exists()


@pytest.mark.parametrize(("name", "said"), [("no/such.json", "No such file"), (".", "is a folder")])
def test_a_file_that_cannot_be_read_is_one_line_and_2(tmp_path, capsys, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["import", name]) == 2
    assert said in capsys.readouterr().err
    assert cli.main(["export", name + "/progress.json" if name != "." else name]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_standard_input_that_is_closed_is_one_line_and_2(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(["import", "-"]) == 2
    assert "standard input is not JSON" in capsys.readouterr().err


def test_a_name_with_brackets_is_printed_as_it_is(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "[bold]my [/x].json"]) == 2
    assert cli.main(["export", "[bold]my.json"]) == 0
    assert "[bold]my.json" in capsys.readouterr().out


def test_what_cannot_be_kept_or_read_is_3(tmp_path, capsys, here):
    here.parent.write_text("in the way", encoding="utf-8")
    code, out, err = bring(tmp_path, capsys, WHOLE)
    assert (code, out) == (3, "")
    assert "cannot be kept" in err


def test_an_empty_record_is_exported(capsys, here):
    assert record._export(argparse.Namespace(file="-"), Console()) == 0
    assert json.loads(capsys.readouterr().out)["attempt"] == []
    assert not here.exists()
