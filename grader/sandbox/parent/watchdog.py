"""Looks, while a call takes long, whether the children of one submission use more than their share.

For what no limit of a single process holds: memory, disk, processes and threads of all of them together.
"""

from __future__ import annotations

from collections.abc import Mapping

from grader.sandbox.parent.folders import held_in
from grader.sandbox.parent.limits import MAX_MEMORY, MAX_PROCESSES, MAX_THREADS, MAX_WRITTEN, Excess
from grader.sandbox.parent.usage import census
from grader.units import size


class Watchdog:
    """Keeps count of what was used between two looks."""

    def __init__(self) -> None:
        self._census = census()

    def look(self, leaders: Mapping[int, str], printed: int = 0) -> None:
        """Raise Excess where these processes, each with its scratch folder, use too much with all that they started.

        `printed` are the bytes of disk that their output takes.
        """
        use = self._census.count(leaders)
        if use.processes > MAX_PROCESSES:
            raise Excess(f"it started {use.processes} processes; {MAX_PROCESSES} are allowed")
        if use.threads > MAX_THREADS:
            raise Excess(f"it started {use.threads} threads; {MAX_THREADS} are allowed")
        if use.memory > MAX_MEMORY:
            raise Excess(f"it took {size(use.memory)} of memory; {size(MAX_MEMORY)} are allowed")
        held = sum(map(held_in, leaders.values())) + use.hidden + printed
        if (most := max(use.written, held)) > MAX_WRITTEN:
            raise Excess(f"it wrote {size(most)}; {size(MAX_WRITTEN)} are allowed")
