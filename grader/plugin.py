"""The one pytest plugin: gives each check a submission in a child of its own, and collects how it ended."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Generator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
import torch

from grader.catalogue import Exercise, known_checks
from grader.cost import Cost
from grader.describe import harmless
from grader.ending import Ending
from grader.errors import GraderError
from grader.submission import Submission
from grader.verdict import CheckResult, Outcome

UNREADABLE = "what came back was no answer that this check could read"

Opener = Callable[[int], AbstractContextManager[tuple[Submission, Callable[[], str]]]]


class Collector:
    """Runs the checks of one exercise and collects how they ended.

    `results` holds that by check, `faults` what broke around a check, `stumbles` what broke in one (see
    Grader.grade), `costs` what each step cost where it is measured.
    With `only`, the checks of other steps are left out as blocked, and steps wait for none that is left out.
    Unless `to_the_end`, what comes after the first check that did not pass is left out as well.
    `open_submission` returns a context with a fresh submission and a way to read what it printed; its
    argument tells whether more checks will follow.
    """

    def __init__(
        self, exercise: Exercise, device: str, seed: int, open_submission: Opener, *,
        only: Collection[str] = (), to_the_end: bool = True,
    ) -> None:  # fmt: skip
        self.results: dict[str, CheckResult] = {}
        self.faults: list[BaseException] = []
        self.stumbles: dict[str, Exception] = {}
        self.costs: dict[str, Cost] = {}
        self._exercise = exercise
        self._device = device
        self._seed = seed
        self._open = open_submission
        self._to_the_end = to_the_end
        self._known = {check.name: check for check in known_checks(exercise)}
        self._graded = frozenset(only or exercise.steps)
        self._left = sum(check.step in self._graded for check in self._known.values())

    def pytest_configure(self, config: pytest.Config) -> None:
        """Let pytest know the marker that checks bear."""
        config.addinivalue_line("markers", "step(name): the step of the exercise that a check belongs to")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run steps in the exercise's order, so that what a step builds on is known before it."""
        order = {step: index for index, step in enumerate(self._exercise.steps)}
        items.sort(key=lambda item: order.get(self._known[item.name].step, len(order)))

    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Leave out the checks of a step that builds on one which did not pass."""
        check = self._known[item.name]
        if check.step not in self._graded:
            self.results[item.name] = CheckResult(item.name, check.headline, Outcome.BLOCKED, "was not asked for")
            return True
        needs = [step for step in self._exercise.needs.get(check.step, ()) if step in self._graded]
        missing = [step for step in needs if not self._passed(step)]
        said = f"waits for {' and '.join(f'`{step}`' for step in missing)}"
        if not missing and (self._to_the_end or not self._has_failed()):
            return None
        self.results[item.name] = CheckResult(item.name, check.headline, Outcome.BLOCKED, said)
        self._left -= 1
        return True

    def _has_failed(self) -> bool:
        graded = [result for name, result in self.results.items() if self._known[name].step in self._graded]
        return any(result.outcome is not Outcome.PASSED for result in graded)

    def _passed(self, step: str) -> bool:
        """Whether every known check of a step has run and passed."""
        names = [check.name for check in self._known.values() if check.step == step]
        return all(name in self.results and self.results[name].outcome is Outcome.PASSED for name in names)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Run one check and file how it ended; a check that breaks without an Ending stumbled over the submission."""
        check = self._known[pyfuncitem.name]
        started = time.perf_counter()
        self._left -= 1
        printed, ending = "", None
        with self._open(self._left) as (submission, read_printed):
            pyfuncitem.funcargs["submission"] = submission
            try:
                submission.finish_loading()
                result = yield
            except Ending as caught:
                ending, result = caught, True
            except GraderError as fault:
                self.faults.append(fault)
                raise
            except Exception as fault:
                self.stumbles[check.name] = fault
                ending, result = Ending(Outcome.CRASHED, UNREADABLE), True
            printed = read_printed()
            self.costs[check.step] = self.costs.get(check.step, Cost()) + submission.cost
        self.results[check.name] = _result(check.name, check.headline, ending, printed, time.perf_counter() - started)
        return result

    @pytest.fixture
    def submission(self) -> None:
        """The submission, in a process of its own; filled in when the check runs."""

    @pytest.fixture
    def device(self) -> torch.device:
        """The device that the exercise is graded on."""
        return torch.device(self._device)

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> torch.Generator:
        """Random numbers of this check's own, from the run's seed: the same alone and together."""
        digest = hashlib.sha256(f"{self._seed} {request.node.name}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def _result(name: str, headline: str, ending: Ending | None, printed: str, seconds: float) -> CheckResult:
    printed = harmless(printed)
    if ending is None:
        return CheckResult(name, headline, Outcome.PASSED, printed=printed, seconds=seconds)
    said, called, got, due, detail = map(harmless, (ending.said, ending.called, ending.got, ending.due, ending.detail))
    lines = tuple(replace(line, text=harmless(line.text), function=harmless(line.function)) for line in ending.lines)
    return CheckResult(
        name, headline, ending.outcome, said, called, got, due, detail, ending.misconception, lines, printed, seconds
    )
