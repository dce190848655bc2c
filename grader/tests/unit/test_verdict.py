"""Verdicts survive the way to plain data and back, and a step stands for its gravest check."""

from dataclasses import replace

import pytest

from grader.tests.examples import example
from grader.verdict import Outcome, Verdict, gravest


@pytest.mark.parametrize("outcome", list(Outcome))
def test_to_plain_data_and_back(outcome):
    assert Verdict.from_dict(example(outcome).to_dict()) == example(outcome)


def test_a_step_without_checks_is_not_passed():
    assert gravest([]) is Outcome.FAILED


@pytest.mark.parametrize("other", [each for each in Outcome if each is not Outcome.PASSED])
def test_one_check_that_did_not_pass_is_enough(other):
    assert gravest([Outcome.PASSED, other, Outcome.PASSED]) is other


@pytest.mark.parametrize(("checks", "said"), [(1, "0 of 1 check"), (3, "0 of 3 checks")])
def test_checks_are_counted_in_the_right_number(checks, said):
    [step] = example().steps
    assert replace(step, checks=step.checks * checks).counted == said
