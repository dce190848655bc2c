"""What a process gives up for good before it meets a submission, and how much of that was granted here."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import resource
import socket
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from grader.sandbox.child import landlock
from grader.sandbox.shared.linux import die_with_parent
from grader.sandbox.shared.policy import Policy

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

CAPABILITY_VERSION_3 = 0x20080522

SYSTEM_FILES = (
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share", "/lib", "/lib64", "/etc/ld.so.cache",
    "/etc/localtime", "/etc/fonts", "/dev/urandom", "/dev/random", "/dev/zero",
    "/System/Library", "/opt/homebrew/lib",
)  # fmt: skip
# Read and written by the CUDA driver; harmless where there is none.
GPU_FILES = ("/proc/driver/nvidia", "/proc/self", "/proc/devices", "/proc/modules", "/sys")
GPU_DEVICES = (
    "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset", "/dev/nvidia-caps",
    "/dev/dxg",
    *(f"/dev/nvidia{index}" for index in range(16)), "/dev/shm",
)  # fmt: skip

# System calls that no PyTorch exercise needs. Sockets: none at all, so that no daemon on this machine
# (docker, dbus, another grader) can be asked to do what the submission may not; `socketpair` and pipes
# stay. Sessions and groups: a process that left its group would outlive it. Priorities: those of other
# processes are in reach, too. Memory files: they count for no process. Watches: Landlock knows nothing of them.
FORBIDDEN = (
    "socket", "connect", "bind", "listen", "accept", "accept4",
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",
    "setsid", "setpgid", "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "move_mount",
    "open_tree", "fsopen", "fsmount", "fsconfig", "mount_setattr",
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat",
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
    "utime", "utimes", "futimesat", "utimensat",
    "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl",
    "mq_open", "mq_unlink", "add_key", "request_key", "keyctl", "memfd_create", "memfd_secret",
    "inotify_init", "inotify_init1", "inotify_add_watch", "fanotify_mark",
    "setpriority", "ioprio_set", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr",
    "migrate_pages", "move_pages", "process_madvise", "process_mrelease",
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "setrlimit", "personality", "quotactl", "acct", "swapon", "swapoff", "reboot", "kexec_load",
    "init_module", "finit_module", "delete_module", "settimeofday", "clock_settime", "adjtimex",
    "clock_adjtime", "sethostname", "setdomainname", "iopl", "ioperm", "open_by_handle_at", "fanotify_init",
)  # fmt: skip
OF_A_DRIVER = {"memfd_create", "sched_setaffinity"}  # memory that devices share, threads bound to processors
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")
NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag
F_SETSIG, F_SETOWN, F_SETOWN_EX = 10, 8, 15  # of <fcntl.h>: a descriptor that signals a process
FIOSETOWN, SIOCSPGRP = 0x8901, 0x8902  # of <asm/sockios.h>: the same for sockets
SOCKET_KIND = 0xF  # the bits of a socket's type that are its kind


def lock_down(policy: Policy) -> tuple[str, ...]:
    """Give up everything that `policy` does not grant; return the names of what is in force.

    Among them: "rlimits", "landlock-N", "seccomp". A part that this system does not offer is left
    out of the answer, never claimed.
    """
    in_force = ["rlimits"] if _limit(policy) else []
    die_with_parent()
    with contextlib.suppress(OSError, AttributeError):
        _drop_capabilities()
    if sys.platform == "linux":
        files = _landlock(policy)
        in_force += [f"landlock-{files}"] if files else []
        in_force += ["seccomp"] if _seccomp(scoped_signals=files >= 6, gpu=policy.device == "cuda") else []
    return tuple(in_force)


def prepare() -> None:
    """Do ahead of a fork what is the same for every child."""
    readable_by_python()
    if sys.platform == "linux":
        _address_space()
        seccomp_rules(scoped_signals=landlock.version() >= 6, gpu=False)


def _limit(policy: Policy) -> bool:
    limits = {
        resource.RLIMIT_CPU: policy.cpu_seconds,
        resource.RLIMIT_FSIZE: policy.file_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }
    if policy.device == "cpu" and sys.platform == "linux":  # CUDA reserves far more address space than it uses
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
def readable_by_python() -> tuple[str, ...]:
    """Return the folders that the interpreter, its packages and the system's libraries lie in."""
    paths = sysconfig.get_paths()
    own = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    own |= {str(Path(sys.base_prefix, "lib")), str(Path(sys.prefix, "lib")), str(Path(sys.prefix, "pyvenv.cfg"))}
    own |= {entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    return tuple(sorted(own))


def _landlock(policy: Policy) -> int:
    read = (*SYSTEM_FILES, *readable_by_python(), *policy.readable)
    write: tuple[str, ...] = (policy.scratch, "/dev/null")
    if policy.device != "cpu":
        read, write = (*read, *GPU_FILES), (*write, *GPU_DEVICES)
    try:
        return landlock.restrict(read, write)
    except OSError:
        return 0


@functools.cache
def seccomp_rules(*, scoped_signals: bool, gpu: bool = False) -> SyscallFilter | None:
    """Return the forbidden system calls as a filter, None without libseccomp; slow enough to do ahead of a fork.

    Each answers EPERM, so that Python raises PermissionError. Without scoped signals no process may be
    signalled at all, not even itself. With `gpu`, what a driver may need is left.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):
        return None
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in {*FORBIDDEN, *(() if scoped_signals else SIGNALS)} - (OF_A_DRIVER if gpu else set()):
        with contextlib.suppress(ValueError, OSError):  # not a system call of this processor
            rules.add_rule(refuse, name)
    rules.add_rule(refuse, "prlimit64", pyseccomp.Arg(2, pyseccomp.NE, 0))
    for owner in (F_SETSIG, F_SETOWN, F_SETOWN_EX):
        rules.add_rule(refuse, "fcntl", pyseccomp.Arg(1, pyseccomp.EQ, owner))
    for owner in (FIOSETOWN, SIOCSPGRP):
        rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.EQ, owner))
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):  # one half of such a pair can send to any address
        rules.add_rule(refuse, "socketpair", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, SOCKET_KIND, kind))
    for bit in range(32):
        if NEW_NAMESPACES >> bit & 1:
            rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, 1 << bit, 1 << bit))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory; libc falls back to clone
    return rules


def _seccomp(*, scoped_signals: bool, gpu: bool) -> bool:
    rules = seccomp_rules(scoped_signals=scoped_signals, gpu=gpu)
    with contextlib.suppress(OSError):
        if rules:
            rules.load()
            return True
    return False
