"""Questions below a cell: what `%drill` shows, what `%answer` says, and what a program finds in both."""

import pytest

from grader.errors import UsageError
from grader.notebook.drill import DRILL, NotebookDrill
from grader.record.practised import Practised
from grader.record.progress import Progress
from grader.tests.practice import NOON, WrittenDown

ATTEMPT = {
    "at": NOON, "exercise": "05_leaf_and_grad", "device": "cpu", "outcome": "passed", "submission": "a", "checks": "b",
    "torch": "2.13.0", "seed": 1, "steps_passed": 6, "steps": 6, "seconds": 0.1,
}  # fmt: skip


@pytest.fixture
def record(tmp_path):
    return tmp_path / "progress.sqlite3"


@pytest.fixture
def drill(record):
    Progress(record).add({"attempt": [ATTEMPT], "met": [], "hint": []})
    return NotebookDrill(record, start=WrittenDown)


def found(shown):
    bundle = shown._repr_mimebundle_()
    return bundle["text/plain"], bundle["text/html"], bundle[DRILL]


def test_a_question_stands_below_the_cell_in_three_forms(drill):
    text, html, [data] = found(drill.begin("--misconception leaf-lost-by-to"))
    assert ">>> moved.is_leaf" in text
    assert "moved.is_leaf" in html
    assert (data["type"], data["id"]) == ("question", "leaf-lost-by-to")


def test_an_answer_is_judged_and_the_next_question_follows(drill, record):
    drill.begin("--count 2")
    text, _, data = found(drill.answer("  no idea "))
    assert [each["type"] for each in data] == ["verdict", "question"]
    assert "Not right" in text
    text, html, data = found(drill.answer("--give-up"))
    assert [each["type"] for each in data] == ["verdict"]
    assert "0 of 2 right." in text
    assert "0 of 2 right." in html
    assert len(Practised(record).history().drilled) == 2
    with pytest.raises(UsageError, match="no question is open"):
        drill.answer("True")


def test_the_open_question_is_shown_again(drill):
    first = found(drill.begin("--count 2"))[2]
    assert found(drill.begin(""))[2] == first
    assert found(drill.begin("--misconception leaf-lost-by-to"))[2] != first


@pytest.mark.parametrize(
    ("line", "said"),
    [("--count 0", "1 or more"), ("--part none", "no part"), ("--exercise 06", "not begun"), ("--odd", "unrecognized")],
)
def test_what_cannot_be_asked_is_said(drill, line, said):
    with pytest.raises(UsageError, match=said):
        drill.begin(line)


def test_with_nothing_begun_it_says_so(record):
    with pytest.raises(UsageError, match="Nothing to drill yet"):
        NotebookDrill(record, start=WrittenDown).begin("")


def test_without_a_question_there_is_nothing_to_answer(drill):
    with pytest.raises(UsageError, match="`%drill` asks one"):
        drill.answer("True")
