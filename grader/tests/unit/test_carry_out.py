"""A fault is tried again and is no zero; what ran into the time limit counts only once it was tried alone."""

import json

import pytest

from grader.batch.carry_out import carry_out, settle_unreadable, waiting
from grader.batch.course_file import parse
from grader.batch.plan import make_plan
from grader.batch.task import Ended
from grader.record.results import Results
from grader.record.rows import State, Student, Submission

NAME = "05_leaf_and_grad"
COURSE = parse("exercises = '5'\nseed = 1")


class Scripted:
    """An engine that ends each task as it is told: with the next of the words in the submission's text."""

    def __init__(self):
        self.asked = {"run": 0, "alone": 0}
        self._words = {}

    def run(self, tasks):
        return self._end(tasks, "run")

    def alone(self, tasks):
        return self._end(tasks, "alone")

    def _end(self, tasks, how):
        for task in tasks:
            self.asked[how] += 1
            word = self._words.setdefault(task.key, iter(task.text.split()))
            yield ended(task.key, next(word))


def ended(key, word):
    if word == "fault":
        return Ended(key, State.FAULT, fault="no memory")
    verdict = json.dumps({"outcome": word})
    return Ended(key, State.DONE, word, verdict, timed_out=word == "timeout")


@pytest.fixture
def results(tmp_path):
    with Results(tmp_path / "out", create=True) as found:
        yield found


def graded(results, engine, **texts):
    rows = [Submission(who, NAME, "s", who, text, text) for who, text in texts.items()]
    results.take_in("s", map(Student, texts), rows, [])
    make_plan(results, COURSE, regrade=False)
    carry_out(results, COURSE, engine, settle_unreadable(results, COURSE, waiting(results)), lambda *_: None)
    keys = {each.submission: each.key for each in results.plan()}
    return {each.student: results.result(keys[each.id]) for each in results.submissions()}


def test_a_fault_is_tried_again_at_once_and_then_whenever_asked(results):
    engine = Scripted()
    found = graded(results, engine, anna="fault passed", ben="fault fault passed", carl="passed")
    assert {who: each.state for who, each in found.items()} == {
        "anna": State.DONE, "ben": State.FAULT, "carl": State.DONE,
    }  # fmt: skip
    assert found["ben"].fault == "no memory"
    assert waiting(results)
    carry_out(results, COURSE, engine, waiting(results), lambda *_: None)
    assert not waiting(results)


def test_what_was_too_slow_counts_as_it_ends_alone(results):
    engine = Scripted()
    found = graded(results, engine, anna="timeout passed", ben="timeout timeout", carl="timeout fault", dora="failed")
    assert engine.asked == {"run": 4, "alone": 3}
    assert {who: (each.outcome, each.doubtful) for who, each in found.items()} == {
        "anna": ("passed", False), "ben": ("timeout", False), "carl": ("timeout", True), "dora": ("failed", False),
    }  # fmt: skip
    assert len(waiting(results, doubtful=True)) == 1  # nobody has seen yet how it ends alone


def test_equal_texts_are_graded_once(results):
    engine = Scripted()
    found = graded(results, engine, anna="passed", ben="passed")
    assert engine.asked["run"] == 1
    assert found["anna"] == found["ben"]


def test_what_is_no_text_has_a_verdict_that_says_why(results):
    results.take_in("s", [Student("a")], [Submission("a", NAME, "s", "a.pdf", problem="is a PDF, not Python")], [])
    make_plan(results, COURSE, regrade=False)
    assert settle_unreadable(results, COURSE, waiting(results)) == []
    [result] = results.results(State.DONE)
    checks = [check for step in result.verdict.steps for check in step.checks]
    assert {check.said for check in checks} == {"the file was not graded: it is a PDF, not Python"}
    assert not result.verdict.passed
