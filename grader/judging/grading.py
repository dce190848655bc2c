"""Grades one submission on one device: runs the hidden checks here and the submission elsewhere."""

from __future__ import annotations

import contextlib
import gc
import platform
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from grader.called import program
from grader.catalogue.catalogue import Exercise, known_checks, probe_text
from grader.errors import Cancelled, GraderError
from grader.judging import devices
from grader.judging.children import Children
from grader.judging.clock import Clock, Limits
from grader.judging.cost import Cost
from grader.judging.run import Run, Watch
from grader.judging.source import Source, read_source
from grader.judging.steps import steps_of
from grader.judging.submission import Hungry, load_request
from grader.judging.suite import Suite
from grader.sandbox.parent import launch
from grader.sandbox.parent.launcher import CannotStart, Launcher
from grader.sandbox.parent.nursery import Nursery
from grader.sandbox.shared.policy import Policy
from grader.verdict import CheckResult, Outcome, StepResult, Verdict, gravest

MOST_SUITES = 4
LATEST_SECONDS = 30.0  # after the time of the whole exercise, a check is ended that nothing else has ended
PREPARED = 2  # one for all checks, and one for those in doubt
MOST_PREPARED = 16  # where each check has a child of its own


class _Graded(NamedTuple):
    """Finished runs, and how their child processes were confined."""

    runs: list[Run]
    in_force: tuple[str, ...]


class Grader:
    """Grades any number of submissions, the first one slowly, the others while warm. Use as a context.

    If a check breaks on what a submission sent, that is the submission's doing or, with `blames_itself`, a fault of
    the grader: an audit needs checks that can read everything.
    """

    def __init__(
        self,
        device: str = "cpu",
        limits: Limits | None = None,
        launcher: Launcher | None = None,
        stop: threading.Event | None = None,
        *,
        blames_itself: bool = False,
        strict: bool = False,
        impatient: bool = False,
    ) -> None:
        torch.set_num_threads(1)  # references are small: handing parts of them to threads costs more than it saves
        devices.load(device)
        self._device = device
        self._limits = limits or Limits()
        self._owns_launcher = launcher is None
        self._launcher = launcher or launch.start(device)
        self._stop = stop or threading.Event()
        self._blames_itself = blames_itself
        self._strict = strict
        self._impatient = impatient
        self._prepared: Nursery | None = None
        self._prepared_with: frozenset[str] = frozenset()
        self._loaded: set[str] = set()
        self._warm = False
        self._suites: dict[str, Suite] = {}

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process that was started; a launcher that was handed in is left to whoever started it."""
        for suite in self._suites.values():
            suite.close()
        self._suites.clear()
        if self._prepared:
            self._prepared.close()
        if self._owns_launcher:
            self._launcher.close()

    def prepare(self, exercise: Exercise) -> None:
        """Start, ahead of time, the child processes that the exercise's next grading will need."""
        self._preload(exercise)
        policy = self._policy(exercise)
        if self._fits(policy, exercise):
            return
        self._prepared, self._prepared_with = self._nursery(policy, exercise), frozenset(self._loaded)
        with contextlib.suppress(CannotStart):  # the grading itself will say so
            self._prepared.stock(min(len(known_checks(exercise)), MOST_PREPARED if self._strict else PREPARED))

    def grade(
        self, exercise: Exercise, source: Source, *, seed: int,
        only: Collection[str] = (), to_the_end: bool = True, doubting: bool = True, watch: Watch | None = None,
    ) -> Verdict:  # fmt: skip
        """Run every check on the submission; a fault of the grader itself raises GraderError.

        `watch` is told after each check how far it is.

        With `only`, only the checks of these steps are run, and those of the others are blocked.
        Unless `to_the_end`, the first check that does not pass decides the verdict, and the others are blocked.
        Unless `doubting`, a check that fails in a process that has served another is not repeated in a fresh one.
        """
        return self.grade_under(
            exercise, source, [seed], only=only, to_the_end=to_the_end, doubting=doubting, watch=watch
        )[0]

    def grade_under(
        self, exercise: Exercise, source: Source, seeds: Sequence[int], *,
        only: Collection[str] = (), to_the_end: bool = True, doubting: bool = True, watch: Watch | None = None,
    ) -> list[Verdict]:  # fmt: skip
        """Return the verdicts under many seeds, several times faster than one by one, but not quite as surely.

        Each check has one child process for all of them, so a submission can keep something from one seed to the next.
        """
        started = time.perf_counter()
        graded = self._run(exercise, source, seeds, only=only, to_the_end=to_the_end, doubting=doubting, watch=watch)
        for run in graded.runs:
            if run.stumbles:
                self._clear(exercise, run)
        seconds = (time.perf_counter() - started) / len(seeds)
        steps = [steps_of(exercise, run, source) for run in graded.runs]
        return [
            Verdict(
                exercise.name, exercise.title, source.name, source.sha256, self._device, seed,
                gravest([step.outcome for step in each]), each, graded.in_force, versions(), seconds,
            )
            for seed, each in zip(seeds, steps, strict=True)
        ]  # fmt: skip

    def measure(self, exercise: Exercise, source: Source, *, seed: int) -> dict[str, Cost]:
        """Run every check and return the cost of each step's calls, for those steps that pass while it is counted."""
        run = self._run(exercise, source, [seed], measure=True).runs[0]
        passed = {step.name for step in steps_of(exercise, run, source) if step.outcome is Outcome.PASSED}
        return {step: cost for step, cost in run.costs.items() if step in passed}

    def _clear(self, exercise: Exercise, run: Run) -> None:
        """Blame the grader for checks that broke on a submission, unless they pass with the solution.

        A child may send anything instead of what a check expects. If the same check with the same seed can read
        the solution's answer, then what it could not read was not an answer; and if the solution finds memory enough,
        then it was the submission that took too much.
        """
        solved: dict[str, CheckResult] = {}
        if not self._blames_itself:
            patient = Grader(self._device, Limits(), self._launcher, self._stop)
            solved = patient._run(exercise, read_source(exercise.solution), [run.seed]).runs[0].results
        for check, fault in run.stumbles.items():
            if check not in solved or solved[check].outcome is not Outcome.PASSED:
                if isinstance(fault, Hungry):
                    remedy = f"`{program()} doctor` tells how much is needed"
                    raise GraderError(f"there is too little memory here for {exercise.name}; {remedy}") from fault
                raise GraderError(
                    f"{check} of {exercise.name} broke under seed {run.seed}: {type(fault).__name__}: {fault}"
                ) from fault

    def _run(
        self, exercise: Exercise, source: Source, seeds: Sequence[int], *,
        only: Collection[str] = (), to_the_end: bool = True, doubting: bool = True, measure: bool = False,
        watch: Watch | None = None,
    ) -> _Graded:  # fmt: skip
        """Run the checks under every seed; return what was collected, and how the child processes were confined."""
        self._preload(exercise)
        clock = Clock(replace(self._limits, exercise=self._limits.exercise * len(seeds)))
        load = load_request(source, probe_text(exercise), seeds[0], measure=measure, graphs=exercise.graphs)
        strict = self._strict or measure  # what a call costs is not to depend on those before it
        with Children(
            self._nursery(self._policy(exercise), exercise), load, exercise, clock, strict=strict, runs=len(seeds)
        ) as children:
            runs = [
                Run(
                    exercise,
                    seed,
                    children.serve,
                    only=only,
                    to_the_end=to_the_end,
                    impatient=self._impatient,
                    doubting=doubting,
                    watch=watch,
                )
                for seed in seeds
            ]
            try:
                self._suite(exercise).run(runs)
            except KeyboardInterrupt:
                raise (Cancelled if self._stop.is_set() else KeyboardInterrupt) from None
        if not self._warm:
            gc.freeze()  # what is loaded by now stays; looking through it again and again takes 10 ms a verdict
            self._warm = True
        each = ("a child for each check",) if strict else ()
        return _Graded(runs, (*children.in_force, *each))

    def _suite(self, exercise: Exercise) -> Suite:
        """Return pytest with the checks of this exercise; the last few stay collected."""
        suite = self._suites.pop(exercise.name, None)
        if suite is None or not suite.usable:
            suite = Suite(exercise, self._device, self._limits.exercise + LATEST_SECONDS)
        self._suites[exercise.name] = suite
        while len(self._suites) > MOST_SUITES:
            self._suites.pop(next(iter(self._suites))).close()
        return suite

    def _policy(self, exercise: Exercise) -> Policy:
        return Policy("", exercise.readable, self._device, int(self._limits.exercise) + 10)

    def _fits(self, policy: Policy, exercise: Exercise) -> bool:
        """Whether prepared children can serve an exercise: what was loaded only after them, they may not even read."""
        return bool(
            self._prepared and self._prepared.policy == policy and self._prepared_with.issuperset(exercise.preload)
        )

    def _nursery(self, policy: Policy, exercise: Exercise) -> Nursery:
        """Return the prepared children if they fit, else children to be started."""
        fits, prepared, self._prepared = self._fits(policy, exercise), self._prepared, None
        if prepared and fits:
            return prepared
        if prepared:
            prepared.close()
        return Nursery(self._launcher, policy, self._stop)

    def _preload(self, exercise: Exercise) -> None:
        needed = (*devices.MODULES.get(self._device, ()), *exercise.preload)
        self._launcher.preload(needed, probe_text(exercise))
        self._loaded.update(needed)
        failed = self._launcher.not_preloaded()
        for name in [name for name in needed if name in failed]:
            raise GraderError(f"{exercise.name} needs {name}, which cannot be imported ({failed[name]})")


def unavailable(exercise: Exercise, source: Source, device: str, seed: int) -> Verdict:
    """Return the verdict for a device that this machine lacks: neither passed nor failed."""
    steps = tuple(StepResult(step, Outcome.UNAVAILABLE, ()) for step in exercise.steps)
    return Verdict(
        exercise.name, exercise.title, source.name, source.sha256, device, seed, Outcome.UNAVAILABLE, steps, (),
        versions(), 0.0, f"there is no {device} on this machine",
    )  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions that a verdict depends on."""
    from grader import __version__

    return {"grader": __version__, "python": platform.python_version(), "torch": str(torch.__version__)}
