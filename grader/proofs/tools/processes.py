"""Which processes belong together, and what they take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import psutil

DEAD = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def family(root: int) -> list[psutil.Process]:
    """Return a process and all that it and they have started; the dead that nobody has buried yet do not count."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(root)
        return [each for each in (process, *process.children(recursive=True)) if lives(each)]
    return []


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs."""
    with suppress(psutil.NoSuchProcess):
        return process.status() not in DEAD
    return False


def proportional_memory(root: int) -> int:
    """Return the proportional set size of a family in bytes: what it shares is counted in shares."""
    return int(_sum(root, lambda each: each.memory_full_info().pss))


def processor_seconds(root: int) -> float:
    """Return the processor time of a family so far, with that of its dead whom one of them has buried."""
    return _sum(root, lambda each: sum(each.cpu_times()[:4]))


def _sum(root: int, figure: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    for each in family(root):
        with suppress(psutil.Error):
            total += figure(each)
    return total
