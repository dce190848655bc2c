"""Lines for editors: each begins with a place in the learner's file."""

from dataclasses import replace

from grader.reports.to_lines import to_lines
from grader.tests.examples import example
from grader.verdict import Outcome


def with_step(**fields):
    verdict = example()
    return replace(verdict, steps=(replace(verdict.steps[0], **fields),))


def with_check(**fields):
    [step] = example().steps
    return with_step(checks=(replace(step.checks[0], **fields),), line=12)


def test_an_exception_is_at_its_line():
    assert to_lines([example()]) == "a.py:3: error: f: said (some-misconception)\n"


def test_a_comparison_is_at_its_step():
    assert to_lines([with_check(lines=())]).startswith("a.py:12: error: ")


def test_what_is_not_written_yet_is_no_error():
    assert to_lines([with_step(outcome=Outcome.NOT_STARTED, line=12)]) == "a.py:12: info: f: not started\n"


def test_a_file_without_the_step_has_a_first_line():
    assert to_lines([with_step(outcome=Outcome.NOT_STARTED, line=0)]).startswith("a.py:1: ")


def test_no_submission_writes_a_line_of_its_own():
    shown = to_lines([with_check(said="a\nb.py:1: error: \x1b[2J")])
    assert shown.count("\n") == 1
    assert "\x1b" not in shown


def test_a_pass_says_nothing():
    assert to_lines([with_check(outcome=Outcome.PASSED)]) == to_lines([]) == ""
