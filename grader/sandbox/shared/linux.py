"""System calls of Linux that Python has no name for; elsewhere they do nothing."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of <linux/prctl.h>
SIGKILL = 9


def die_with_parent() -> None:
    """Have this process killed when the one that started it ends, however it ends."""
    _prctl(PR_SET_PDEATHSIG, SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def is_dead(pid: int) -> bool:
    """Return whether a process has ended, whoever is to collect it; False where the system cannot tell."""
    if sys.platform != "linux":
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):
        return False
    try:
        return bool(select.select([handle], [], [], 0)[0])
    finally:
        os.close(handle)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
