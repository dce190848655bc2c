"""The comparison with other graders, as far as it needs none of them: what they leave, figures, tables."""

import importlib.util
import json
import sqlite3
from dataclasses import replace

import pytest
import torch

from grader.catalogue.catalogue import find
from grader.errors import UsageError
from grader.judging.overlay import definitions
from grader.proofs.audit import laid_over
from grader.proofs.peers import comparison, endings, environments, nbgrader, readme, tables
from grader.proofs.peers.comparison import Comparison, Count, Row
from grader.proofs.peers.endings import Ending
from grader.proofs.peers.record import Extra, Record, Trial
from grader.proofs.peers.submissions import PEERS, Kind, digest, submissions
from grader.proofs.peers.tools import Description
from grader.tests.examples import shown

TOOL = Description("tool, `tool run`", "tool", "how", {"endless": "it has no time limit"})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"results": [{"passed": True}, {"passed": True}]}, Ending.ACCEPTED),
        ({"results": [{"passed": True}, {"passed": False}]}, Ending.REFUSED),
        ({"results": [{"passed": True}, {"passed": None}]}, Ending.REFUSED),
        ({"results": []}, Ending.LOST),
        ({"error": {"type": "BrokenProcessPool"}}, Ending.LOST),
        ([], Ending.LOST),
    ],
)
def test_check50(document, expected):
    assert endings.of_check50(json.dumps(document)) is expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"score": 2, "tests": [{"score": 1, "max_score": 1}, {"score": 1, "max_score": 1}]}, Ending.ACCEPTED),
        ({"tests": [{"name": "Public Tests"}, {"score": 3, "max_score": 3}]}, Ending.ACCEPTED),
        ({"tests": [{"score": 2, "max_score": 3}]}, Ending.REFUSED),
        ({"score": 0, "output": "ended before it had a result"}, Ending.REFUSED),
        ({"score": 0, "tests": [{"name": "Autograder Failed"}]}, Ending.REFUSED),
        ({"tests": []}, Ending.LOST),
    ],
)
def test_gradescope_and_otter(document, expected):
    assert endings.of_gradescope(json.dumps(document)) is expected


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ([(0.0, 0.0), (1.0, 1.0)], Ending.ACCEPTED),
        ([(1.0, 1.0), (0.0, 1.0)], Ending.REFUSED),
        ([(None, 1.0), (None, 1.0)], Ending.LOST),
        ([], Ending.LOST),
    ],
)
def test_nbgrader(grades, expected):
    assert endings.of_nbgrader(grades) is expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"verdicts": [{"outcome": "passed"}]}, Ending.ACCEPTED),
        ({"verdicts": [{"outcome": "crashed"}]}, Ending.REFUSED),
        ({"verdicts": []}, Ending.LOST),
    ],
)
def test_this_grader(document, expected):
    assert endings.of_this_grader(json.dumps(document)) is expected


@pytest.mark.parametrize("read", [endings.of_check50, endings.of_gradescope, endings.of_this_grader])
@pytest.mark.parametrize("text", ["", "{", '"text"', "null"])
def test_what_is_no_result_is_lost(read, text):
    assert read(text) is Ending.LOST


def test_a_gradebook_is_read(tmp_path):
    book = tmp_path / "gradebook.db"
    with sqlite3.connect(book) as connection:
        connection.executescript("""
            CREATE TABLE grade (auto_score, cell_id, notebook_id);
            CREATE TABLE grade_cells (id, max_score);
            CREATE TABLE submitted_notebook (id, assignment_id);
            CREATE TABLE submitted_assignment (id, student_id);
            INSERT INTO submitted_assignment VALUES ('a', 'ada'), ('b', 'bob');
            INSERT INTO submitted_notebook VALUES ('na', 'a'), ('nb', 'b');
            INSERT INTO grade_cells VALUES ('c', 2.0);
            INSERT INTO grade VALUES (1.0, 'c', 'na'), (NULL, 'c', 'nb');
        """)
    connection.close()
    assert nbgrader.scores(book, "ada") == [(1.0, 2.0)]
    assert nbgrader.scores(book, "bob") == [(None, 2.0)]
    assert nbgrader.scores(tmp_path / "none.db", "ada") == []


def test_the_notebook_has_a_hidden_test_for_each_check():
    cells = nbgrader.notebook("pass")["cells"]
    names = nbgrader.checks((PEERS / "assertions.py").read_text(encoding="utf-8"))
    assert [cell["id"] for cell in cells] == ["kata", "assertions", *names]
    assert all("### BEGIN HIDDEN TESTS" in cell["source"] for cell in cells[1:])


@pytest.fixture(scope="module")
def assertions():
    spec = importlib.util.spec_from_file_location("assertions", PEERS / "assertions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _refusing(assertions, path):
    """Return the checks of `assertions` that a known answer does not pass, run here as the tools run it."""
    functions, refusing = {}, []
    exec(compile(laid_over(find("02"), path).text, str(path), "exec"), functions)
    for check in assertions.CHECKS:
        try:
            assertions.run(check, functions)
        except Exception:
            refusing.append(check)
        finally:
            torch.set_default_dtype(torch.float32)
    return refusing


def test_what_is_asserted_for_every_tool_tells_wrong_from_right(assertions):
    wrong, right = (sorted(folder.glob("*.py")) for folder in (find("02").wrong_answers, find("02").right_answers))
    assert [path.name for path in wrong if not _refusing(assertions, path)] == []
    assert [path.name for path in right if _refusing(assertions, path)] == []


@pytest.mark.parametrize(
    "tool",
    [
        "check50/run/__init__.py",
        "check50/import/__init__.py",
        "gradescope-utils/wrapper/test_kata.py",
        "gradescope-utils/import/test_kata.py",
    ],
)
def test_every_tool_makes_every_check(tool):
    names = nbgrader.checks((PEERS / "assertions.py").read_text(encoding="utf-8"))
    text = (PEERS / tool).read_text(encoding="utf-8")
    assert [name for name in names if f'("{name}"' not in text] == []


def test_otter_makes_every_check():
    names = nbgrader.checks((PEERS / "assertions.py").read_text(encoding="utf-8"))
    text = "".join(path.read_text(encoding="utf-8") for path in (PEERS / "otter-grader" / "tests").glob("*.py"))
    assert [name for name in names if f'("{name}"' not in text] == []


def test_submissions():
    given = submissions()
    assert {each.kind for each in given} == set(Kind)
    assert len({(each.kind, each.name) for each in given}) == len(given)
    for each in given:
        assert set(find("02").steps) <= set(definitions(each.text))
        assert each.kind is not Kind.HOSTILE or each.text.startswith("# harm: ")
    assert digest(given) != digest(given[1:])


def _trials(kind, *found):
    return [Trial(TOOL.name, kind, str(number), ending, 1.0 + number) for number, ending in enumerate(found)]


def test_figures():
    trials = [
        *_trials(Kind.RIGHT, Ending.ACCEPTED, Ending.LOST),
        *_trials(Kind.WRONG, Ending.ACCEPTED, Ending.REFUSED, Ending.REFUSED),
        *_trials(Kind.HOSTILE, Ending.ACCEPTED, Ending.LOST, Ending.REFUSED, Ending.ACCEPTED),
    ]
    row = comparison.row(TOOL, "1.0", trials, Extra(TOOL.name, [9.0, 1.0, 3.0, 2.0], 300.0))
    assert (row.wrong_accepted, row.right_refused) == (Count(1, 3), Count(1, 2))
    assert (row.forged, row.lost) == (Count(2, 4), Count(2, 9))
    assert (row.cold_seconds, row.warm_seconds, row.peak_mb) == (2.0, 2.0, 300.0)
    assert comparison.hostile(trials)["3"] == {TOOL.name: "forged"}
    assert not row.clean
    assert comparison.row(TOOL, "1.0", _trials(Kind.WRONG, Ending.REFUSED), None).clean


def _comparison():
    rows = [
        comparison.row(TOOL, "1.0", _trials(Kind.WRONG, Ending.REFUSED), None),
        Row(Description("other", "other", "how"), "", "no such wheel"),
    ]
    return Comparison(rows, {"liar": {TOOL.name: "forged"}, "endless": {}}, "2 submissions.")


def test_markdown():
    text = tables.to_markdown(_comparison())
    assert "| tool, `tool run` 1.0 | 0 of 1 | 0 of 0 | 0 of 0 | 0 of 1 | 1 s | – | – |" in text
    assert "| other | not installed here |" in text
    assert "not installed here (no such wheel)" in text
    assert "endless is not counted: it has no time limit" in text
    assert "| liar | forged |" in text
    assert "| endless | – |" in text


def test_terminal():
    text = shown(tables.to_terminal(_comparison()), width=120)
    assert "0 of 1" in text
    assert "not installed here (no such wheel)" in text


def test_eighty_columns_hold_all_tools():
    rows = [comparison.row(replace(TOOL, name=f"tool {number}"), "1.0", [], None) for number in range(1, 8)]
    ended = {row.description.name: "refused" for row in rows}
    text = shown(tables.to_terminal(Comparison(rows, {"expected_from_frames": ended}, "")), width=80)
    assert "1 tool 1" in text
    assert "expected_from_frames refused refused refused refused refused refused refused" in text


def test_the_table_goes_between_its_markers():
    text = "before\n<!-- peers -->\nold\n<!-- /peers -->\nafter\n"
    assert readme.placed(text, "new\n") == "before\n<!-- peers -->\nnew\n<!-- /peers -->\nafter\n"
    for broken in ("none", "<!-- /peers --><!-- peers -->", text + text):
        with pytest.raises(UsageError, match="no such pair"):
            readme.placed(broken, "new\n")


def test_a_run_can_be_gone_on_with(tmp_path):
    path, trial, extra = tmp_path / "measured.jsonl", _trials(Kind.WRONG, Ending.LOST)[0], Extra(TOOL.name, [1.0], 2.0)
    first = Record(path, {"seed": 1}, go_on=False)
    first.add(trial)
    first.add(extra)
    again = Record(path, {"seed": 1}, go_on=True)
    assert list(again.trials.values()) == [trial]
    assert again.extras == {TOOL.name: extra}
    assert Record(path, {"seed": 2}, go_on=True).trials == {}
    assert Record(path, {"seed": 2}, go_on=False).trials == {}


def test_pip_says_why():
    printed = "ERROR: first\nnoise\nERROR: No matching distribution found for check50==0\n"
    assert environments.last_error(printed) == "No matching distribution found for check50==0"
    assert environments.last_error("") == "pip ended without a reason"
