"""A wrong answer is graded on the steps that it can reach, and on all of them where that cannot be told."""

import re
from dataclasses import replace

import pytest

from grader.catalogue.catalogue import find
from grader.proofs.reach import Reach
from grader.tests.examples import example
from grader.verdict import Outcome, StepResult

EXERCISE = find("05")
FIRST, SECOND, THIRD, *_ = EXERCISE.steps
UNWRITTEN = re.compile(r"NotImplementedError\('step \d: (\w+)'\)")
NEEDED = {FIRST: {FIRST, THIRD}, SECOND: {SECOND}}


def grade(source):
    """Stand in for a grading: steps fail that need what is unwritten."""
    unwritten = set(UNWRITTEN.findall(source.text))
    assert len(unwritten) == 1
    failing = NEEDED[unwritten.pop()]
    outcomes = {step: Outcome.FAILED if step in failing else Outcome.PASSED for step in EXERCISE.steps}
    return replace(example(), steps=tuple(StepResult(step, outcome, ()) for step, outcome in outcomes.items()))


def test_its_own_step_and_those_that_do_not_pass_without_it_are_reached():
    assert Reach(EXERCISE, grade).of(f"import torch\ndef {FIRST}(x):\n    return x\n") == {FIRST, THIRD}


def test_what_several_steps_reach_is_put_together():
    text = f"def {FIRST}(x):\n    return x\ndef {SECOND}(x):\n    return x\n"
    assert Reach(EXERCISE, grade).of(text) == {FIRST, SECOND, THIRD}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import torch\n",
        f"called = []\ndef {FIRST}(x):\n    return x\n",
        f"def _helper(x):\n    return x\ndef {FIRST}(x):\n    return x\n",
        f"def {FIRST}(x):\n    return x\n{FIRST} = print\n",
    ],
)
def test_an_answer_that_is_more_than_steps_reaches_all(text):
    assert Reach(EXERCISE, grade).of(text) == set(EXERCISE.steps)
