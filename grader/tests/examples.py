"""What several rings need: a verdict with everything in it, and what a console draws."""

import io
from dataclasses import replace

from rich.console import Console

from grader.verdict import LOADING, CheckResult, Difference, Outcome, Picture, SourceLine, StepResult, Verdict

SHADED = Picture(
    "rows 0 to 1 of 28", (("·",) * 15 + ("█",), ("▒",) * 16), (("·",) * 15 + ("?",), ("▒",) * 15 + ("░",)),
    (" " * 15 + "≠", " " * 15 + "↓"),
)  # fmt: skip
NUMBERS = Picture("", (("0.5", "-12"), ("1", "2")), (("0.5", "-1.5"), ("0", "2")), (" ↑", "↓ "))


def example(outcome=Outcome.FAILED):
    check = CheckResult("test_x", "does x", outcome, "said", "f(1)", "2", "3", "one off", "some-misconception",
                        (SourceLine(3, "return 2", "f"),), "printed\n", 0.25,
                        Difference(2, 4, (0, 1), "only column 1 differs", NUMBERS))  # fmt: skip
    steps = (StepResult("f", outcome, (check,)),)
    return Verdict("05_leaf_and_grad", "Leaves", "a.py", "0" * 64, "cpu", 7, outcome, steps, ("rlimits",),
                   {"torch": "2"}, 1.5)  # fmt: skip


def shown(renderable, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


def unimported():
    """Return the verdict on a file that cannot be imported: every check of every step met the same."""
    [step] = example(Outcome.RAISED).steps
    check = replace(step.checks[0], said="SyntaxError: '(' was never closed", called=LOADING, misconception=None)
    checks = (check, replace(check, headline="does y"))
    return replace(example(Outcome.RAISED), steps=tuple(replace(step, name=name, checks=checks) for name in "fg"))
