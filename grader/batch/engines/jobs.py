"""The engine of one machine: so many warm judges, a thread of this process waits for each."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterable, Iterator

from grader.batch.station import Station
from grader.batch.task import Ended, How, Task
from grader.catalogue.catalogue import Exercise

AHEAD = 2  # tasks for each judge: one at work, one that waits


class Jobs:
    """Grades with `count` judges at once; see Engine. `first` is what they are warmed up with, on `device`."""

    def __init__(self, count: int, how: How, first: Exercise, device: str) -> None:
        self._count = count
        self._how = how
        self._first = first
        self._device = device
        self._stations: list[Station] = []

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        for each in self._stations:
            each.stop()  # all at once, for each takes a moment to end
        for each in self._stations:
            each.close()
        self._stations.clear()

    def run(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield how each task ended, in the order in which they do."""
        return self._run(tasks, self._count, alone=False)

    def alone(self, tasks: Iterable[Task]) -> Iterator[Ended]:
        """Yield how each task ended, one after the other, with the other judges gone."""
        self._end()
        return self._run(tasks, 1, alone=True)

    def _run(self, tasks: Iterable[Task], count: int, *, alone: bool) -> Iterator[Ended]:
        coming = iter(tasks)
        first = list(itertools.islice(coming, AHEAD * count))
        while len(self._stations) < min(count, len(first)):
            self._stations.append(Station(self._how, alone=alone))
        asked: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        ended: queue.SimpleQueue[Ended | BaseException] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=self._serve, args=(station, asked, ended), daemon=True)
            for station in self._stations[:count]
        ]
        for each in threads:
            each.start()
        try:
            for task in first:
                asked.put(task)
            under_way = len(first)
            while under_way:
                found = ended.get()
                if isinstance(found, BaseException):
                    raise found
                under_way -= 1
                for task in itertools.islice(coming, 1):
                    asked.put(task)
                    under_way += 1
                yield found
        except BaseException:
            self._end()
            raise
        finally:
            for _ in threads:
                asked.put(None)
        for each in threads:
            each.join()

    def _serve(
        self, station: Station, asked: queue.SimpleQueue[Task | None], ended: queue.SimpleQueue[Ended | BaseException]
    ) -> None:
        try:
            if not station.graded:
                station.warm_up(self._first, self._device)
            while (task := asked.get()) is not None:
                ended.put(station.grade(task))
        except BaseException as error:  # it is raised where somebody can do something about it
            ended.put(error)
