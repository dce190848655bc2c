"""What a process gives up for good before it meets a submission, and how much of that was granted here."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import resource
import sys
import sysconfig
from pathlib import Path

from grader.sandbox.child import landlock
from grader.sandbox.child.shield import Reach, around
from grader.sandbox.child.syscalls import rules
from grader.sandbox.shared.linux import die_with_parent
from grader.sandbox.shared.policy import Policy

CAPABILITY_VERSION_3 = 0x20080522

SYSTEM_FILES = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache",
    "/etc/localtime", "/etc/fonts", "/dev/urandom", "/dev/random", "/dev/zero", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/stat", "/proc/loadavg", "/proc/self/stat", "/proc/self/statm", "/proc/self/status",
    "/System/Library", "/opt/homebrew/lib",
)  # fmt: skip
# Read and written by the CUDA driver; harmless where there is none.
GPU_FILES = ("/proc/driver/nvidia", "/proc/self", "/proc/devices", "/proc/modules", "/sys")
GPU_DEVICES = (
    "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset", "/dev/nvidia-caps",
    "/dev/dxg",
    *(f"/dev/nvidia{index}" for index in range(16)), "/dev/shm",
)  # fmt: skip


def lock_down(policy: Policy) -> tuple[str, ...]:
    """Give up everything that `policy` does not grant; return the names of what is in force.

    Among them: "cgroup", "rlimits", "landlock-N", "seccomp". A part that this system does not offer is left
    out of the answer, never claimed.
    """
    in_force = ["cgroup"] if _joined(policy.group) else []
    in_force += ["rlimits"] if _limit(policy) else []
    die_with_parent()
    with contextlib.suppress(OSError, AttributeError):
        _drop_capabilities()
    if sys.platform == "linux":
        files = _landlock(policy)
        in_force += [f"landlock-{files}"] if files else []
        in_force += _seccomp(scoped_signals=files >= 6, gpu=policy.device == "cuda")
    return tuple(in_force)


def prepare() -> None:
    """Do ahead of a fork what is the same for every child."""
    _within_reach()
    if sys.platform == "linux":
        _address_space()
        rules(scoped_signals=landlock.version() >= 6, gpu=False)


def _joined(group: str) -> bool:
    """Join a control group by its list of members; return whether that was possible."""
    if not group:
        return False
    try:
        with open(group, "w", encoding="ascii") as members:
            members.write("0")
    except OSError:
        return False
    return True


def _limit(policy: Policy) -> bool:
    limits = {
        resource.RLIMIT_CPU: policy.cpu_seconds,
        resource.RLIMIT_FSIZE: policy.file_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }
    if sys.platform == "linux":  # timers count here, for all processes of the user together
        limits[resource.RLIMIT_SIGPENDING] = 1000
    if not policy.on_a_gpu and sys.platform == "linux":  # CUDA reserves far more address space than it uses
        limits[resource.RLIMIT_AS] = _address_space() + policy.memory_bytes
    for which, most in limits.items():
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))
    return True


@functools.cache
def _address_space() -> int:
    """Return the bytes of address space that this process had when it was first asked."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _drop_capabilities() -> None:
    """Drop what root may do beyond its own files: raise limits, signal anybody, override permissions."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capset(header, none)


@functools.cache
def _within_reach() -> Reach:
    return around((*SYSTEM_FILES, *readable_by_python()))


def readable_by_python() -> tuple[str, ...]:
    """Return the folders that the interpreter, its packages and the system's libraries lie in."""
    paths = sysconfig.get_paths()
    own = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    own |= {str(Path(sys.base_prefix, "lib")), str(Path(sys.prefix, "lib")), str(Path(sys.prefix, "pyvenv.cfg"))}
    own |= {entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    return tuple(sorted(own))


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
    table, unknown = rules(scoped_signals=scoped_signals, gpu=gpu)
    with contextlib.suppress(OSError):
        if table:
            table.load()
            return ("seccomp", f"seccomp lacks {', '.join(unknown)}") if unknown else ("seccomp",)
    return ()
