"""Limits of a single process, as POSIX has them."""

from __future__ import annotations

import functools
import resource
import sys

from grader.sandbox.shared.policy import Policy

assert sys.platform != "win32"

MAX_HANDLES = 256
MAX_SIGNALS = 1000  # timers count here, for all processes of the user together


def limit(policy: Policy) -> tuple[str, ...]:
    """Hold this process, and all that it starts, to limits; return the name of what is in force."""
    for which, most in _limits(policy).items():
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))
    return ("rlimits",)


def _limits(policy: Policy) -> dict[int, int]:
    limits = {
        resource.RLIMIT_CPU: policy.cpu_seconds,
        resource.RLIMIT_FSIZE: policy.file_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: MAX_HANDLES,
    }
    if sys.platform == "linux":
        limits[resource.RLIMIT_SIGPENDING] = MAX_SIGNALS
    if not policy.on_a_gpu and sys.platform == "linux":  # CUDA reserves far more address space than it uses
        limits[resource.RLIMIT_AS] = address_space() + policy.memory_bytes
    return limits


@functools.cache
def address_space() -> int:
    """Return the bytes of address space that this process had when it was first asked."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
