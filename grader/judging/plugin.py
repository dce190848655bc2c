"""The one pytest plugin: sends submissions through the checks of an exercise, one check after the other."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from grader.catalogue.catalogue import Exercise, known_checks
from grader.judging.run import Run


class Runner:
    """Runs the checks of one exercise. `complaint` says in brackets why some could not be collected."""

    def __init__(self, exercise: Exercise, device: str) -> None:
        self.complaint = ""
        self._exercise = exercise
        self._device = device
        self.current: Run  # which every check that pytest runs now is run for

    def pytest_configure(self, config: pytest.Config) -> None:
        """Let pytest know the marker that checks bear."""
        config.addinivalue_line("markers", "step(name, last): the step of the exercise that a check belongs to")

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Have pytest look at no other exercise's checks."""
        checks = self._exercise.checks
        return None if collection_path == checks or collection_path in checks.parents else True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run steps in the exercise's order, so that what a step builds on is known before it."""
        order = {step: index for index, step in enumerate(self._exercise.steps)}
        known = {check.name: check for check in known_checks(self._exercise)}
        items.sort(key=lambda item: (order.get(known[item.name].step, len(order)), known[item.name].last))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why checks could not be collected."""
        if report.failed:
            self.complaint = f"({report.longreprtext.strip().rpartition(chr(10))[2]})"

    def run(self, session: pytest.Session, runs: Sequence[Run]) -> None:
        """Take every run through one check after the other."""
        protocol = session.config.hook.pytest_runtest_protocol
        neighbours = dict(zip(session.items, [*session.items[1:], *session.items[:-1][-1:]], strict=False))
        for item, run in itertools.product(session.items, runs):
            self.current = run
            # Whatever comes next, it lies in the same module, for which nothing has to be set up anew.
            protocol(item=item, nextitem=neighbours.get(item))
            if run.in_doubt:
                protocol(item=item, nextitem=neighbours.get(item))

    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Leave out what the run leaves out."""
        return True if self.current.leaves_out(item.name) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        """Run one check with a fresh submission; however it ends, the run files it.

        Not as a wrapper of pytest's own call: where the file cannot even be imported, it would have to raise, and
        pytest would put into words, for each check anew, what nobody reads.
        """
        with self.current.check(pyfuncitem.name) as submission:
            given = pyfuncitem.funcargs | {"submission": submission}
            pyfuncitem.obj(**{name: given[name] for name in pyfuncitem._fixtureinfo.argnames})
            submission.finish_loading()
        return True

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
        digest = hashlib.sha256(f"{self.current.seed} {request.node.name}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
