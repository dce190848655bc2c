"""What runs in a worker of a cluster: a station, which asks a judge, a process of its own.

The worker itself reads no submission as anything but text. It reports when it can grade, and when it cannot, so that
one that fails at once does not draw all work.
"""

from __future__ import annotations

import contextlib
import platform
import threading
from typing import Any

import msgspec
from distributed import get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from grader.batch.station import Station
from grader.batch.task import Ended, How, Task
from grader.catalogue.catalogue import find
from grader.errors import GraderError
from grader.record import depends
from grader.record.rows import State

PLUGIN, TOPIC = "grader", "grader"


class Grading(WorkerPlugin):
    """Keeps a station warm in a worker. `how` and what it is warmed up with come from whoever asks for verdicts."""

    name = PLUGIN

    def __init__(self, how: How, exercise: str, device: str) -> None:
        self._how = how
        self._exercise = exercise
        self._device = device

    def setup(self, worker: Any) -> None:
        """Get ready beside the worker's own loop, which must not be held up."""
        self._worker = worker
        self._closing = False
        self._alone = False
        self._one_at_a_time = threading.Lock()
        self._station = Station(self._how)
        self._get_ready()

    def teardown(self, worker: Any) -> None:  # noqa: ARG002  the interface has it
        """End the judge, and with it what is under way."""
        self._closing = True
        self._station.close()

    def _get_ready(self) -> None:
        threading.Thread(target=self._warm_up, daemon=True).start()

    def _warm_up(self) -> None:
        try:
            if depends.here() != self._how.code:
                raise GraderError(f"{platform.node()} has other versions of the grader or of what it needs")
            with self._one_at_a_time:
                isolation = self._station.warm_up(find(self._exercise), self._device)
        except Exception as error:  # whatever it is, this worker is of no use, and has to say so
            if not self._closing:
                self._report(fault=str(error) or type(error).__name__)
            return
        self._report(isolation=list(isolation))

    def _report(self, **facts: object) -> None:
        event = {"worker": self._worker.address, "machine": platform.node(), **facts}
        with contextlib.suppress(Exception):  # nobody listens any more
            self._worker.loop.add_callback(self._worker.log_event, TOPIC, event)

    def grade(self, tasks: list[Task], *, alone: bool) -> list[Ended]:
        """Return how tasks ended; where none could be graded, ask for no more until it works again."""
        with self._one_at_a_time:  # a worker may have several threads, and a station is one
            if alone != self._alone:
                self._station.close()
                self._station, self._alone = Station(self._how, alone=alone), alone
            ended = [self._station.grade(task) for task in tasks]
        if all(each.state is State.FAULT for each in ended) and not self._closing:
            self._report(fault=ended[-1].fault)
            self._get_ready()
        return ended


def grade(tasks: bytes, alone: bool) -> bytes:
    """Grade some tasks at the worker where this is called; all of it travels as JSON."""
    plugin = get_worker().plugins[PLUGIN]
    assert isinstance(plugin, Grading)
    return msgspec.json.encode(plugin.grade(msgspec.json.decode(tasks, type=list[Task]), alone=alone))
