"""The engine of many machines, on Dask: chunks of tasks, never more under way than the workers can soon grade.

Whatever happens to workers and to the scheduler, the truth is in the results' own file: a task may run twice, and the
first result stands.
"""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from grader.batch.engines.cluster_file import connected
from grader.batch.task import Ended, How, Task
from grader.catalogue.catalogue import Exercise
from grader.errors import GraderError, UsageError
from grader.record.rows import State

AHEAD = 3  # chunks for each worker: one at work, others that wait beside it
CHUNK_SECONDS, MOST_IN_CHUNK, FIRST_CHUNK = 5.0, 50, 4
STRAGGLES_AFTER = 60.0  # seconds; then a chunk that nothing else is left beside is tried elsewhere, too
LOOK_SECONDS = 1.0


@dataclass
class _Chunk:
    """Tasks that are under way together, since when, and in how many tries."""

    tasks: list[Task]
    since: float = field(default_factory=time.monotonic)
    futures: list[Any] = field(default_factory=list)
    done: bool = False


class Cluster:
    """Grades on the workers of a cluster; see Engine. `where` is an address or a file, `first` warms workers up."""

    def __init__(self, where: str, how: How, first: Exercise, device: str) -> None:
        self._where = where
        self._how = how
        self._first = first
        self._device = device
        self._ended: queue.SimpleQueue[tuple[_Chunk, Any]] = queue.SimpleQueue()
        self._unfit: dict[str, str] = {}
        self._numbers = itertools.count()
        self._seconds: list[float] = []
        self._runs = 0

    def __enter__(self) -> Cluster:
        self._client, self._cluster = connected(self._where)
        from grader.batch.engines.at_worker import GRADER, TOPIC, Grading

        self._resource = GRADER
        self._client.subscribe_topic(TOPIC, self._hear)
        self._client.register_plugin(Grading(self._how, self._first.name, self._device), name=GRADER)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._client.status == "running":
                self._client.unregister_worker_plugin(self._resource)
        except Exception:
            pass
        self._client.close(timeout=5)
        if self._cluster:
            self._cluster.close(timeout=10)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take in what a worker reports: that it is fit, or why not."""
        said = event[1]
        if "fault" in said:
            self._unfit[said["worker"]] = said["fault"]
        else:
            self._unfit.pop(said["worker"], None)

    def run(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield how each task ended. What is tried again goes alone: it may be what ended its worker."""
        self._runs += 1
        return self._run(iter(tasks), singly=self._runs > 1)

    def alone(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield how each task ended, one at a time on each machine."""
        return self._run(iter(tasks), singly=True, alone=True)

    def _run(self, tasks: Iterator[Task], *, singly: bool, alone: bool = False) -> Iterator[Ended]:
        under_way: list[_Chunk] = []
        while True:
            self._fill(under_way, tasks, singly=singly, alone=alone)
            if not under_way:
                return
            try:
                chunk, future = self._ended.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                self._look_after(under_way, alone=alone)
                continue
            if not chunk.done:
                yield from self._settled(chunk, future)
                under_way.remove(chunk)

    def _fill(self, under_way: list[_Chunk], tasks: Iterator[Task], *, singly: bool, alone: bool) -> None:
        while len(under_way) < self._room(alone=alone):
            chunk = _Chunk(list(itertools.islice(tasks, 1 if singly else self._chunk_size())))
            if not chunk.tasks:
                return
            self._submit(chunk, alone=alone)
            under_way.append(chunk)

    def _room(self, *, alone: bool) -> int:
        if alone:
            return max(1, len(self._one_of_each_host()))
        return max(AHEAD, AHEAD * len(self._workers()))

    def _chunk_size(self) -> int:
        """Return how many tasks take about CHUNK_SECONDS, by the last ones."""
        if not self._seconds:
            return FIRST_CHUNK
        mean = sum(self._seconds[-100:]) / len(self._seconds[-100:])
        return max(1, min(MOST_IN_CHUNK, int(CHUNK_SECONDS / max(mean, 1e-3))))

    def _submit(self, chunk: _Chunk, *, alone: bool) -> None:
        from grader.batch.engines.at_worker import grade

        future = self._client.submit(
            grade, msgspec.json.encode(chunk.tasks), alone, key=f"grade-{next(self._numbers)}-{chunk.tasks[0].key}",
            resources={self._resource: 1}, pure=False, workers=(self._one_of_each_host() or None) if alone else None,
        )  # fmt: skip
        chunk.futures.append(future)
        chunk.since = time.monotonic()
        future.add_done_callback(lambda ended: self._ended.put((chunk, ended)))

    def _settled(self, chunk: _Chunk, future: Any) -> Iterator[Ended]:
        """Yield how the tasks of a chunk ended, from the first of its tries that came back."""
        chunk.done = True
        if future.status == "finished":
            ended = msgspec.json.decode(future.result(), type=list[Ended])
            self._seconds += [each.seconds for each in ended if each.state is State.DONE]
            yield from ended
        elif future.status == "error":
            error = future.exception()
            if isinstance(error, UsageError):
                raise error
            said = f"no worker could grade it: {type(error).__name__}: {error}"
            yield from (Ended(each.key, State.FAULT, fault=said, at=time.time()) for each in chunk.tasks)
        else:
            raise self._gone()
        for each in chunk.futures:
            each.cancel()
        chunk.futures.clear()

    def _look_after(self, under_way: list[_Chunk], *, alone: bool) -> None:
        """See whether anybody is there to grade, and try elsewhere what takes far too long."""
        if self._client.status != "running":
            raise self._gone()
        workers = self._workers()
        if workers and all(self._unfit.get(each) for each in workers):
            raise UsageError(f"no worker of the cluster can grade: {next(iter(self._unfit.values()))}")
        longest = max(STRAGGLES_AFTER, 4 * CHUNK_SECONDS)
        for chunk in under_way:
            patience = longest + len(chunk.tasks) * 2 * self._how.call
            if time.monotonic() - chunk.since > patience and len(chunk.futures) == 1 and len(workers) > 1:
                self._submit(chunk, alone=alone)

    def _gone(self) -> GraderError:
        return GraderError("the cluster's scheduler is gone; what was graded is kept: start the same command again")

    def _workers(self) -> dict[str, Any]:
        return dict(self._client.scheduler_info(n_workers=-1)["workers"])

    def _one_of_each_host(self) -> list[str]:
        """Return the address of one worker of each machine."""
        by_host: dict[str, str] = {}
        for address, facts in sorted(self._workers().items()):
            if address not in self._unfit:
                by_host.setdefault(facts["host"], address)
        return list(by_host.values())
