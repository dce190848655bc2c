"""What Linux itself can keep a process from: files (Landlock), system calls (seccomp), what root may do."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys

from grader.sandbox.child import landlock, syscalls
from grader.sandbox.child.shield import Reach, around, readable_by_python
from grader.sandbox.shared.policy import Policy

assert sys.platform == "linux"

CAPABILITY_VERSION_3 = 0x20080522

SYSTEM_FILES = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache",
    "/etc/localtime", "/etc/fonts", "/dev/urandom", "/dev/random", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/stat", "/proc/loadavg", "/proc/self/stat", "/proc/self/statm", "/proc/self/status",
)  # fmt: skip
# Read and written by the CUDA driver; harmless where there is none.
GPU_FILES = ("/proc/driver/nvidia", "/proc/self", "/proc/devices", "/proc/modules", "/sys")
GPU_DEVICES = (
    "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset", "/dev/nvidia-caps",
    "/dev/dxg",
    *(f"/dev/nvidia{index}" for index in range(16)), "/dev/shm",
)  # fmt: skip


def confine(policy: Policy) -> tuple[str, ...]:
    """Give up for good what `policy` does not grant; return the names of what is in force."""
    with contextlib.suppress(OSError, AttributeError):
        _drop_capabilities()
    files = _landlock(policy)
    in_force = (f"landlock-{files}",) if files else ()
    return (*in_force, *_seccomp(scoped_signals=files >= 6, gpu=policy.device == "cuda"))


def prepare() -> None:
    """Do ahead of a fork what is the same for every child."""
    _within_reach()
    syscalls.rules(scoped_signals=landlock.version() >= 6, gpu=False)


def _drop_capabilities() -> None:
    """Drop what root may do beyond its own files: raise limits, signal anybody, override permissions."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capset(header, none)


@functools.cache
def _within_reach() -> Reach:
    return around((*SYSTEM_FILES, *readable_by_python()))


def _landlock(policy: Policy) -> int:
    reach = _within_reach()
    read = (*reach.read, *policy.readable)
    write: tuple[str, ...] = (policy.scratch, "/dev/null")
    if policy.on_a_gpu:
        read, write = (*read, *GPU_FILES), (*write, *GPU_DEVICES)
    try:
        return landlock.restrict(read, write, reach.listed)
    except OSError:
        return 0


def _seccomp(*, scoped_signals: bool, gpu: bool) -> tuple[str, ...]:
    """Filter system calls; return what is in force, with the calls that honest code may miss."""
    program, unknown = syscalls.rules(scoped_signals=scoped_signals, gpu=gpu)
    with contextlib.suppress(OSError):
        if program:
            syscalls.install(program)
            return ("seccomp", f"seccomp lacks {', '.join(unknown)}") if unknown else ("seccomp",)
    return ()
