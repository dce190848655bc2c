"""Takes the place of `session` and `devices` in `grader.judging` where screens are tested and no judge.

What stands in the text of a submission decides, so that a verdict comes at once and without torch.
"""

import threading
import time
from contextlib import nullcontext
from pathlib import Path

from grader.errors import Cancelled
from grader.judging.cost import Cost
from grader.verdict import CheckResult, Outcome, StepResult, Verdict

DEVICES = ("cpu", "cuda", "mps")
ALL = "all"


def is_available(device):
    """Know the CPU alone."""
    return device == "cpu"


class Session(nullcontext):
    """Is asked as the real one is."""

    def __init__(
        self,
        device: str,
        call_limit: float,
        limit: float,
        stop: threading.Event | None = None,
        *,
        strict: bool = False,
        impatient: bool = False,
    ) -> None:
        super().__init__(self)
        self._device, self._stop = device, stop

    def preload(self, exercise):
        """Load nothing."""

    def prepare(self, exercise):
        """Get nothing ready."""

    def grade(self, exercise, source, seed, watch=None):
        """Take a text for endless, deadly, not begun, wrong in the last step, or right; wait for a file it names."""
        text = source.text
        _, waits, name = text.partition("# waits for ")
        while "while True" in text or (waits and not Path(name.strip()).exists()):
            time.sleep(0.01)
            if self._stop.is_set():
                raise Cancelled
        if "os.abort" in text:
            raise SystemExit("these were its last words")
        first = Outcome.NOT_STARTED if "NotImplementedError" in text else Outcome.PASSED
        last = Outcome.FAILED if "return tensor\n" in text else first
        steps = [_step(name, first, seed) for name in exercise.steps[:-1]] + [_step(exercise.steps[-1], last, seed)]
        return [Verdict(exercise.name, exercise.title, source.name, "0" * 64, self._device, seed, last, tuple(steps),
                        (), {"torch": "2"}, 0.01)]  # fmt: skip

    def measure(self, exercise, source, seed):
        """Find three operations where the solution has two."""
        return tuple({step: Cost(operations) for step in exercise.steps} for operations in (3, 2))


def _step(name, outcome, seed):
    named = "view-is-copy" if outcome is Outcome.FAILED else None
    check = CheckResult("test_it", "does so", outcome, f"said under seed {seed}", "f()", misconception=named,
                        details="f: x=all of it")  # fmt: skip
    return StepResult(name, outcome, (check,))
