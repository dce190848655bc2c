"""What several rings need: a verdict with everything in it, and what a console draws."""

import io

from rich.console import Console

from grader.verdict import CheckResult, Outcome, SourceLine, StepResult, Verdict


def example(outcome=Outcome.FAILED):
    check = CheckResult("test_x", "does x", outcome, "said", "f(1)", "2", "3", "one off", "some-misconception",
                        (SourceLine(3, "return 2", "f"),), "printed\n", 0.25)  # fmt: skip
    steps = (StepResult("f", outcome, (check,)),)
    return Verdict("05_leaf_and_grad", "Leaves", "a.py", "0" * 64, "cpu", 7, outcome, steps, ("rlimits",),
                   {"torch": "2"}, 1.5)  # fmt: skip


def shown(renderable, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()
