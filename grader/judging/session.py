"""Grades on several devices, one warm grader each. Importing this loads neither torch nor pytest.

The process that forks submissions starts to load torch first; this one loads its own beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from grader.called import program
from grader.catalogue.catalogue import Exercise, probe_text
from grader.errors import NoSuchDevice
from grader.judging.clock import Limits
from grader.judging.devices import ALL, DEVICES, is_available
from grader.judging.source import Source, read_source
from grader.sandbox.parent import launch
from grader.sandbox.parent.launch import Name

if TYPE_CHECKING:
    from grader.judging.cost import Cost
    from grader.judging.grading import Grader
    from grader.judging.run import Watch
    from grader.verdict import Verdict


class Session:
    """Keeps a grader for each device until it is closed. Use as a context.

    `device` is one of DEVICES, or "all": then a device that this machine lacks gives verdicts that say so,
    whereas one that was asked for by name raises NoSuchDevice. Setting `stop` cancels a grading under way. With
    `strict`, every check has a child process of its own; `impatient` is as in Run.
    """

    def __init__(
        self, device: str, call_limit: float, limit: float, stop: threading.Event | None = None, *,
        strict: bool = False, impatient: bool = False, launcher: Name | None = None,
    ) -> None:  # fmt: skip
        self._stop = stop
        self._strict = strict
        self._impatient = impatient
        self._all = device == ALL
        self._devices: Sequence[str] = DEVICES if self._all else (device,)
        self._limits = (call_limit, limit)
        self._name = launcher
        self._launchers = {self._devices[0]: launch.start(self._devices[0], launcher)}
        self._graders: dict[str, Grader] = {}

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        for grader in self._graders.values():
            grader.close()
        for launcher in self._launchers.values():
            launcher.close()

    def prepare(self, exercise: Exercise) -> None:
        """Get ready for the next grading of an exercise that was graded before."""
        for grader in self._graders.values():
            grader.prepare(exercise)

    def preload(self, exercise: Exercise, *, more: bool = False) -> None:
        """Begin to load what an exercise needs; `more` says that other gradings will follow."""
        for launcher in self._launchers.values():
            launcher.expect(more=more)
            launcher.preload(exercise.preload, probe_text(exercise))

    def grade(
        self, exercise: Exercise, source: Source, seed: int, watch: Watch | None = None, only: Collection[str] = ()
    ) -> list[Verdict]:
        """Return a verdict for each device; `watch` and `only` are as for Grader.grade."""
        from grader.judging import grading

        verdicts = []
        for device in self._devices:
            if is_available(device):
                verdicts.append(self._grader(device).grade(exercise, source, seed=seed, watch=watch, only=only))
            elif self._all:
                verdicts.append(grading.unavailable(exercise, source, device, seed))
            else:
                raise NoSuchDevice(f"there is no {device} on this machine; `{program()} doctor` shows the devices")
        return verdicts

    def measure(self, exercise: Exercise, source: Source, seed: int) -> tuple[dict[str, Cost], dict[str, Cost]]:
        """Return the cost of each step of a submission on the first device, and that of each step of the solution."""
        from grader.judging.cost import quicker

        grader = self._grader(self._devices[0])
        sources = [source, read_source(exercise.solution)]
        # Twice in turn, and the quicker one counts: a first call loads things, and other programs get in the way.
        rounds = [[grader.measure(exercise, source, seed=seed) for source in sources] for _ in range(2)]
        yours, solution = (quicker(first, again) for first, again in zip(*rounds, strict=True))
        return yours, solution

    def _grader(self, device: str) -> Grader:
        if device not in self._graders:
            from grader.judging.grading import Grader

            if device not in self._launchers:
                self._launchers[device] = launch.start(device, self._name)
            limits, launcher = Limits(*self._limits), self._launchers[device]
            self._graders[device] = Grader(
                device, limits, launcher, self._stop, strict=self._strict, impatient=self._impatient
            )
        return self._graders[device]
