"""Verdicts survive the way to plain data and back, and a step stands for its gravest check."""

import pytest

from grader.verdict import CheckResult, Outcome, SourceLine, StepResult, Verdict, gravest


def example(outcome=Outcome.FAILED):
    check = CheckResult("test_x", "does x", outcome, "said", "f(1)", "2", "3", "one off", "some-misconception",
                        (SourceLine(3, "return 2", "f"),), "printed\n", 0.25)  # fmt: skip
    steps = (StepResult("f", outcome, (check,)),)
    return Verdict("05_leaf_and_grad", "Leaves", "a.py", "0" * 64, "cpu", 7, outcome, steps, ("rlimits",),
                   {"torch": "2"}, 1.5)  # fmt: skip


@pytest.mark.parametrize("outcome", list(Outcome))
def test_to_plain_data_and_back(outcome):
    assert Verdict.from_dict(example(outcome).to_dict()) == example(outcome)


def test_a_step_without_checks_is_not_passed():
    assert gravest([]) is Outcome.FAILED


@pytest.mark.parametrize("other", [each for each in Outcome if each is not Outcome.PASSED])
def test_one_check_that_did_not_pass_is_enough(other):
    assert gravest([Outcome.PASSED, other, Outcome.PASSED]) is other
