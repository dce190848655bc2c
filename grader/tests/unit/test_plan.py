"""What has to be graded: new, handed in anew, or changed around; and what is not any more."""

import pytest

from grader.batch.course_file import parse
from grader.batch.plan import key_of, make_plan
from grader.batch.regraded import regraded
from grader.record import depends
from grader.record.results import Results
from grader.record.rows import Result, State, Student, Submission

NAME = "05_leaf_and_grad"


@pytest.fixture
def results(tmp_path):
    with Results(tmp_path / "out", create=True) as found:
        yield found


def hand_in(results, *files):
    rows = [Submission("a", NAME, "s", path, text, f"hash of {text}", at) for path, text, at in files]
    results.take_in("s", [Student("a")], rows, [])


def plan(results, more="", *, regrade=False):
    return make_plan(results, parse(f"exercises = '5'\nseed = 1\n{more}"), regrade=regrade)


def finish(results):
    for each in list(results.results(State.PENDING)):
        results.finish(Result(each.key, "", "", 0, state=State.DONE, outcome="passed"))


def test_what_is_new_is_planned_once(results):
    hand_in(results, ("1.py", "x", 1.0))
    assert plan(results).fresh == 1
    assert plan(results).fresh == 0
    assert results.counts()[State.PENDING] == 1


def test_a_file_that_does_not_count_any_more_is_not_planned_any_more(results):
    hand_in(results, ("1.py", "x", 1.0))
    plan(results)
    finish(results)
    hand_in(results, ("1.py", "x", 1.0), ("2.py", "y", 2.0))
    assert plan(results).fresh == 1
    assert [results.submission(each.submission).path for each in results.plan()] == ["2.py"]
    assert plan(results, "several = 'best'").fresh == 1
    assert results.counts() == {State.PENDING: 1, State.DONE: 1, State.FAULT: 0}


def test_what_is_handed_in_anew_is_graded_anew(results):
    hand_in(results, ("1.py", "x", 1.0))
    plan(results)
    finish(results)
    hand_in(results, ("1.py", "y", 1.0))
    made = plan(results)
    assert (made.fresh, made.outdated) == (1, 0)


@pytest.mark.parametrize(
    ("change", "why"), [("[limits]\ncall = 3", "limits"), ("strict = true", "way"), ("", "checks"), ("", "code")]
)
def test_what_has_changed_around_a_result_waits_to_be_asked_for(results, monkeypatch, change, why):
    hand_in(results, ("1.py", "x", 1.0))
    plan(results)
    finish(results)
    if why == "checks":
        monkeypatch.setattr(depends, "exercise_hash", lambda _: "another")
    if why == "code":
        monkeypatch.setattr(depends, "code_hash", lambda: "another")
    made = plan(results, change)
    assert (made.fresh, made.outdated, made.why) == (0, 1, {why})
    assert results.counts()[State.DONE] == 1
    plan(results, change, regrade=True)
    assert results.counts()[State.PENDING] == 1
    assert regraded(results) is None  # not yet
    finish(results)
    assert regraded(results).count == 1


def test_what_is_not_graded_yet_is_planned_as_things_are_now(results):
    hand_in(results, ("1.py", "x", 1.0))
    plan(results)
    [before] = results.plan()
    assert plan(results, "strict = true").outdated == 0
    [after] = results.plan()
    assert after.key != before.key
    assert not after.before


def test_points_and_dates_change_no_key(results):
    hand_in(results, ("1.py", "x", 1.0))
    plan(results)
    finish(results)
    made = plan(results, "points = 3\ndue = 2026-11-30\nvisibility = 'name'\n[late]\npercent_a_day = 3")
    assert (made.fresh, made.outdated) == (0, 0)


def test_a_key_is_of_everything():
    parts = {"text": "a", "code": "b"}
    assert key_of(parts) == key_of(dict(reversed(parts.items())))
    assert len({key_of(parts), key_of({"text": "b", "code": "a"}), key_of({"text": "ab", "code": ""})}) == 3
