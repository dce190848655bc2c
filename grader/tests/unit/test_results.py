"""The results of a batch: what was taken in, planned and finished is there again, once."""

import sqlite3

import pytest

from grader.errors import UsageError
from grader.record.results import Results
from grader.record.rows import Planned, Result, State, Stray, Student, Submission

ANNA = Student("1", "Anna", "anna@example.org")
FILE = Submission("1", "05_leaf_and_grad", "class.zip", "anna/05.py", "x = 1", "abc", 12.5, late=True)


@pytest.fixture
def results(tmp_path):
    with Results(tmp_path / "out", create=True) as found:
        found.take_in("class.zip", [ANNA], [FILE], [Stray("class.zip", "a.pdf", "1", "a PDF")])
        yield found


def planned(results, key="k"):
    [submission] = results.submissions()
    results.keep_plan([Planned(submission.id, "cpu", key)], [Result(key, FILE.exercise, "cpu", 3, {"text": "abc"})])
    return submission


def test_what_was_taken_in_is_there(results):
    assert results.students() == [ANNA]
    [found] = results.submissions()
    assert found == Submission(**{**{name: getattr(FILE, name) for name in FILE.__struct_fields__}, "id": found.id})
    assert results.submission(found.id) == found
    assert next(results.submissions(with_text=False)).text == ""
    assert results.strays() == [Stray("class.zip", "a.pdf", "1", "a PDF")]


def test_taking_in_again_changes_nothing_and_more_of_a_student_is_kept(results):
    submission = planned(results)
    results.take_in("class.zip", [Student("1", sid="007")], [FILE], [])
    assert results.students() == [Student("1", "Anna", "anna@example.org", "007")]
    assert results.submission(submission.id) == submission
    assert [each.key for each in results.plan()] == ["k"]


def test_what_is_gone_from_a_source_is_no_longer_planned(results):
    planned(results)
    results.take_in("other.zip", [], [], [])
    assert len(results.plan()) == 1
    results.take_in("class.zip", [ANNA], [], [])
    assert (list(results.submissions()), results.plan(), results.strays()) == ([], [], [])
    assert results.result("k")  # it counts again as soon as the file is back


def test_the_first_verdict_stands(results):
    planned(results)
    assert results.counts() == {State.PENDING: 1, State.DONE: 0, State.FAULT: 0}
    assert results.finish(Result("k", "", "", 0, state=State.FAULT, fault="no memory"))
    assert results.finish(Result("k", "", "", 0, state=State.DONE, outcome="passed"))
    assert not results.finish(Result("k", "", "", 0, state=State.DONE, outcome="failed"))
    found = results.result("k")
    assert (found.outcome, found.tries, found.seed, found.depends) == ("passed", 2, 3, {"text": "abc"})
    assert [each.key for each in results.results(State.DONE)] == ["k"]


def test_a_doubtful_verdict_gives_way(results):
    planned(results)
    results.finish(Result("k", "", "", 0, state=State.DONE, outcome="timeout", doubtful=True))
    assert results.finish(Result("k", "", "", 0, state=State.DONE, outcome="passed"))
    assert results.result("k").outcome == "passed"


def test_facts_are_kept(tmp_path, results):
    results.keep_fact("course", "text")
    with Results(tmp_path / "out") as again:
        assert (again.fact("course"), again.fact("seed")) == ("text", "")


def test_what_holds_no_results_is_said(tmp_path):
    with pytest.raises(UsageError, match="holds no results"):
        Results(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be a folder of results"):
        Results(tmp_path / "file", create=True)
    (tmp_path / "results.sqlite3").write_text("no database, but long enough to be read as one" * 9)
    with pytest.raises(UsageError, match="cannot be used"):
        Results(tmp_path)


def test_results_of_a_newer_version_are_left_alone(tmp_path):
    database = sqlite3.connect(tmp_path / "results.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(UsageError, match="newer version"):
        Results(tmp_path)
