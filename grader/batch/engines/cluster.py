"""The engine of many machines, on Dask: chunks of tasks, never more under way than the workers can soon grade.

Which worker gets a chunk is decided here: Dask knows only whether a worker is there, not whether it can grade. Whatever
happens to workers and to the scheduler, the truth is in the results' own file: a task may run twice, and the first
result stands.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from grader.batch.engines.cluster_file import connected
from grader.batch.engines.engine import Tasks
from grader.batch.task import Ended, How, Task
from grader.catalogue.catalogue import Exercise
from grader.errors import GraderError, UsageError
from grader.record.rows import State

AHEAD = 2  # chunks for each worker: one at work, one that waits beside it
CHUNK_SECONDS, MOST_IN_CHUNK, FIRST_CHUNK = 5.0, 50, 2
STRAGGLES_AFTER = 60.0  # seconds beyond what its calls may take; then a chunk is tried elsewhere, too
MOST_LOST = 3  # workers; a chunk that was there when so many ended is taken for their end
LOOK_SECONDS = 1.0


@dataclass
class _Chunk:
    """Tasks that are under way together: at which workers, since when, and how many workers were lost with them."""

    tasks: list[Task]
    at: dict[str, Any] = field(default_factory=dict)
    since: float = 0.0
    lost: int = 0


class Cluster:
    """Grades on the workers of a cluster; see Engine. `where` is an address or a file, `first` warms workers up.

    `say` is told who can grade and how submissions are confined there; `warn` who cannot, and that nobody is there yet.
    """

    def __init__(
        self, where: str, how: How, first: Exercise, device: str,
        say: Callable[[str], None], warn: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._say = say
        self._warn = warn
        self._reports: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()  # heard in a thread of Dask's
        self._where = where
        self._how = how
        self._first = first
        self._device = device
        self._fit: set[str] = set()
        self._unfit: dict[str, str] = {}
        self._here: dict[str, Any] = {}
        self._looked = 0.0
        self._said_that_nobody_is_here = False
        self._numbers = itertools.count()
        self._seconds: deque[float] = deque(maxlen=100)
        self._runs = 0

    def __enter__(self) -> Cluster:
        self._client, self._cluster = connected(self._where)
        from grader.batch.engines.at_worker import PLUGIN, TOPIC, Grading

        self._plugin = PLUGIN
        self._client.subscribe_topic(TOPIC, self._hear)
        self._client.register_plugin(Grading(self._how, self._first.name, self._device), name=PLUGIN)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._client.status == "running":
                self._client.unregister_worker_plugin(self._plugin)
        except Exception:
            pass
        self._client.close(timeout=5)
        if self._cluster:
            self._cluster.close(timeout=10)

    def _hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take in what a worker reports: that it can grade, or why not."""
        worker, fault = event[1]["worker"], event[1].get("fault", "")
        (self._fit.discard if fault else self._fit.add)(worker)
        self._unfit[worker] = fault
        self._reports.put(event[1])

    def run(self, tasks: Tasks) -> Iterator[Ended]:
        """Yield how each task ended. What is tried again goes alone: it may be what ended its worker."""
        self._runs += 1
        return _Run(self, tasks, singly=self._runs > 1).ended()

    def alone(self, tasks: Tasks) -> Iterator[Ended]:
        """Yield how each task ended, one at a time on each machine."""
        return _Run(self, tasks, singly=True, alone=True).ended()

    def chunk_size(self) -> int:
        """Return how many tasks take about CHUNK_SECONDS, by the last ones."""
        if not self._seconds:
            return FIRST_CHUNK
        return max(1, min(MOST_IN_CHUNK, int(CHUNK_SECONDS * len(self._seconds) / max(sum(self._seconds), 1e-3))))

    def took(self, ended: list[Ended]) -> None:
        """Take in how long gradings take."""
        self._seconds.extend(each.seconds for each in ended if each.state is State.DONE)

    def look(self) -> bool:
        """See who is there, now and then; raise where nobody can grade and nobody will. Return whether it was time."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return False
        if self._client.status != "running":
            raise self.gone()
        self._here = dict(self._client.scheduler_info(n_workers=-1)["workers"])
        self._looked = time.monotonic()
        if not self._here and not self._said_that_nobody_is_here:
            self._said_that_nobody_is_here = True
            self._warn("no worker is there yet; waiting for one")
        with contextlib.suppress(queue.Empty):
            while True:
                self._tell(self._reports.get_nowait())
        if self._here and all(self._unfit.get(each) for each in self._here):
            raise UsageError(f"no worker of the cluster can grade: {self._unfit[next(iter(self._here))]}")
        return True

    def _tell(self, report: dict[str, Any]) -> None:
        who = f"worker {report['worker']} on {report['machine']}"
        if fault := report.get("fault"):
            self._warn(f"{who}: {fault}")
        else:
            self._say(f"{who}: can grade ({', '.join(report['isolation'])})")

    def is_here(self, worker: str) -> bool:
        """Whether a worker was there at the last look."""
        return worker in self._here

    def fit(self, *, one_of_each_host: bool) -> list[str]:
        """Return the addresses of the workers that can grade; or else one of each machine."""
        found = sorted(worker for worker in self._here if worker in self._fit)
        if one_of_each_host:
            return list({self._here[worker]["host"]: worker for worker in found}.values())
        return found

    def is_straggler(self, chunk: _Chunk) -> bool:
        """Whether a chunk that is at one worker alone takes far longer than it may."""
        patience = STRAGGLES_AFTER + AHEAD * len(chunk.tasks) * 2 * self._how.call
        return len(chunk.at) == 1 and time.monotonic() - chunk.since > patience

    def submit(self, chunk: _Chunk, worker: str, *, alone: bool) -> Any:
        """Have a worker grade a chunk; return the future."""
        from grader.batch.engines.at_worker import grade

        return self._client.submit(
            grade, msgspec.json.encode(chunk.tasks), alone, key=f"grade-{next(self._numbers)}-{chunk.tasks[0].key}",
            workers=[worker], pure=False,
        )  # fmt: skip

    def gone(self) -> GraderError:
        """Return the fault that the scheduler is not there any more."""
        return GraderError("the cluster's scheduler is gone; what was graded is kept: start the same command again")


class _Run:
    """One pass through tasks. `singly` makes chunks of one, `alone` leaves one worker of each machine to grade."""

    def __init__(self, cluster: Cluster, tasks: Tasks, *, singly: bool, alone: bool = False) -> None:
        self._cluster = cluster
        self._tasks = iter(tasks)
        self._left = len(tasks)
        self._singly = singly
        self._alone = alone
        self._again: deque[_Chunk] = deque()
        self._under_way: list[_Chunk] = []
        self._ended: queue.SimpleQueue[tuple[_Chunk, str, Any]] = queue.SimpleQueue()

    def ended(self) -> Iterator[Ended]:
        """Yield how each task ended."""
        while self._fill():
            try:
                chunk, worker, future = self._ended.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                yield from self._lost()
                continue
            if chunk.at.get(worker) is future:
                yield from self._settled(chunk, worker, future)
            yield from self._lost()

    def _fill(self) -> bool:
        """Give every worker enough to do; return whether anything is left to wait for."""
        self._cluster.look()
        for worker in self._cluster.fit(one_of_each_host=self._alone):
            while sum(worker in each.at for each in self._under_way) < (1 if self._alone else AHEAD):
                chunk = self._next()
                if chunk is None:
                    break
                self._submit(chunk, worker)
        if not self._under_way and not self._again:
            self._again.extend(filter(None, [self._next()]))
        return bool(self._under_way or self._again)

    def _next(self) -> _Chunk | None:
        if self._again:
            return self._again.popleft()
        tasks = list(itertools.islice(self._tasks, self._chunk_size()))
        self._left -= len(tasks)
        return _Chunk(tasks) if tasks else None

    def _chunk_size(self) -> int:
        """Return how many tasks the next chunk has: towards the end fewer, so that all workers end together."""
        share = self._left // (AHEAD * max(1, len(self._cluster.fit(one_of_each_host=False))))
        return 1 if self._singly else max(1, min(self._cluster.chunk_size(), share))

    def _submit(self, chunk: _Chunk, worker: str) -> None:
        future = chunk.at[worker] = self._cluster.submit(chunk, worker, alone=self._alone)
        chunk.since = time.monotonic()
        if chunk not in self._under_way:
            self._under_way.append(chunk)
        future.add_done_callback(lambda ended: self._ended.put((chunk, worker, ended)))

    def _settled(self, chunk: _Chunk, worker: str, future: Any) -> Iterator[Ended]:
        """Yield how the tasks of a chunk ended, from the first of its tries that came back."""
        if future.status == "finished":
            ended = msgspec.json.decode(future.result(), type=list[Ended])
            self._cluster.took(ended)
            self._drop(chunk)
            yield from ended
        elif future.status == "error":
            error = future.exception()
            if isinstance(error, UsageError):
                raise error
            self._drop(chunk)
            yield from _faults(chunk, f"no worker could grade it: {type(error).__name__}: {error}")
        else:
            yield from self._lose(chunk, worker)

    def _drop(self, chunk: _Chunk) -> None:
        for each in chunk.at.values():
            each.cancel()
        chunk.at.clear()
        self._under_way.remove(chunk)

    def _lost(self) -> Iterator[Ended]:
        """Take back what was at workers that are gone; try elsewhere, too, what takes far too long."""
        if not self._cluster.look():
            return
        for chunk in list(self._under_way):
            for worker in [each for each in chunk.at if not self._cluster.is_here(each)]:
                yield from self._lose(chunk, worker)
            if chunk.at and not self._again and self._cluster.is_straggler(chunk):
                self._try_elsewhere(chunk)

    def _lose(self, chunk: _Chunk, worker: str) -> Iterator[Ended]:
        chunk.at.pop(worker).cancel()
        chunk.lost += 1
        if chunk.at:
            return
        self._under_way.remove(chunk)
        if chunk.lost < MOST_LOST:
            self._again.append(chunk)
        else:
            yield from _faults(chunk, f"the workers that graded it ended, {chunk.lost} of them")

    def _try_elsewhere(self, chunk: _Chunk) -> None:
        busy = {worker for each in self._under_way for worker in each.at}
        if idle := [worker for worker in self._cluster.fit(one_of_each_host=False) if worker not in busy]:
            self._submit(chunk, idle[0])


def _faults(chunk: _Chunk, said: str) -> Iterator[Ended]:
    return (Ended(each.key, State.FAULT, fault=said, at=time.time()) for each in chunk.tasks)
