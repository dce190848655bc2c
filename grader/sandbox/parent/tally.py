"""Counts what processes use where there is no /proc: what psutil tells of those that descend from a child."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil

from grader.sandbox.parent.family import descendants
from grader.sandbox.parent.usage import Usage


class Census:
    """Remembers who was there: a process whose parent has ended descends from nobody any more, and still counts."""

    def __init__(self) -> None:
        self._known: dict[int, set[psutil.Process]] = {}  # leader → all that were ever seen of its family

    def count(self, leaders: Iterable[int]) -> Usage:
        """Return what the families of these leaders use; macOS does not tell how much a process has written."""
        self._known = {leader: self._known.get(leader, set()) | {*descendants(leader)} for leader in leaders}
        living = [each for family in self._known.values() for each in family if each.is_running()]
        found = [_usage(each) for each in living]
        return Usage(*(sum(values) for values in zip(*found, strict=True))) if found else Usage(0, 0, 0, 0, 0)


def _usage(process: psutil.Process) -> Usage:
    with contextlib.suppress(psutil.Error), process.oneshot():
        written = process.io_counters().write_bytes if hasattr(process, "io_counters") else 0
        return Usage(1, process.num_threads(), process.memory_info().rss, written, 0)
    return Usage(0, 0, 0, 0, 0)
