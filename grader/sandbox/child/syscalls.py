"""Which system calls a submission may make: a list of what PyTorch exercises need; everything else is refused.

Measured by tracing every solution, every right answer and the workers of data loaders, and widened by what their
families, other versions of the C library, and ordinary learners' code call for the same work. A call that tomorrow's
kernel brings is refused without anybody having heard of it.

Where a driver takes part (CUDA), what it needs could not be measured; there, a list of what is forbidden stands.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import socket
import sys
import termios
from collections.abc import Iterable
from typing import TYPE_CHECKING

from grader.sandbox.child import landlock

assert sys.platform == "linux"

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

MEMORY = """brk mmap munmap mprotect mremap madvise mincore msync mlock mlock2 munlock membarrier
    pkey_alloc pkey_free pkey_mprotect get_mempolicy set_mempolicy map_shadow_stack mseal"""
FILES = """read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat creat close close_range
    lseek _llseek stat lstat fstat stat64 lstat64 fstat64 newfstatat fstatat64 statx access faccessat faccessat2
    readlink readlinkat getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat
    rename renameat renameat2 link linkat symlink symlinkat truncate ftruncate truncate64 ftruncate64 dup dup2 dup3
    fsync fdatasync sync_file_range fadvise64 readahead sendfile sendfile64 copy_file_range
    statfs fstatfs statfs64 fstatfs64 umask pipe pipe2"""
TIME = """clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getitimer setitimer alarm
    clock_gettime64 clock_getres_time64 clock_nanosleep_time64 timer_create timer_settime timer_gettime timer_delete
    timer_getoverrun timerfd_create timerfd_settime timerfd_gettime"""
PROCESSES = """fork vfork exit exit_group wait4 waitid futex futex_time64 futex_waitv futex_wake futex_wait
    futex_requeue set_robust_list rseq set_tid_address set_thread_area arch_prctl gettid getpid getppid getpgrp
    sched_yield sched_getaffinity getcpu sched_getparam sched_getscheduler sched_getattr sched_get_priority_max
    sched_get_priority_min getrlimit ugetrlimit getrusage uname sysinfo getrandom capget getuid geteuid getgid getegid
    getgroups getresuid getresgid rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend
    sigaltstack sigreturn pause signalfd signalfd4 restart_syscall"""
WAITING = """poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl
    epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2"""
CHANNELS = "recvfrom recvmsg recvmmsg shutdown getsockopt setsockopt getsockname getpeername"  # of socket pairs
ALLOWED = " ".join((MEMORY, FILES, TIME, PROCESSES, WAITING, CHANNELS)).split()

SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal")

# The kernel reads 32 bits of these arguments, so 32 bits are compared.
WORD = 0xFFFFFFFF
IOCTLS = (termios.TCGETS, termios.TIOCGWINSZ, termios.FIONREAD, termios.FIONBIO, termios.FIOCLEX, termios.FIONCLEX)
FCNTLS = (
    fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL, fcntl.F_GETLK,
    1032,  # F_GETPIPE_SZ
)  # fmt: skip
# PR_SET_NAME and PR_GET_NAME, PR_SET_PDEATHSIG and PR_GET_PDEATHSIG (data loaders' workers), PR_GET_DUMPABLE,
# PR_GET_SECCOMP, PR_CAPBSET_READ, PR_SET_TIMERSLACK and PR_GET_TIMERSLACK, PR_GET_NO_NEW_PRIVS, PR_SET_THP_DISABLE and
# PR_GET_THP_DISABLE, PR_SET_VMA: all about the process itself.
PRCTLS = (15, 16, 1, 2, 3, 21, 23, 29, 30, 39, 41, 42, 0x53564D41)

# Answered as if done. What holds for a path in the scratch folder cannot be told from what does not, and honest code
# (`shutil.copy`, sqlite3, file locks) does not expect to be refused: nothing outside changes, nobody else is held up.
SEEMINGLY_DONE = ("flock", "chmod", "fchmod", "fchmodat", "fchmodat2", "utime", "utimes", "futimesat", "utimensat",
                  "utimensat_time64")  # fmt: skip
F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW = 6, 7, 37, 38
# Answered as a file system without them answers, so that whoever asks goes another way.
NOT_SUPPORTED = ("fallocate", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr",
                 "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr")  # fmt: skip
FICLONE, FICLONERANGE = 0x40049409, 0x4020940D
# Answered as an older kernel does, so that the C library goes the older way: their arguments lie out of sight.
UNHEARD_OF = ("clone3", "openat2", "io_uring_setup")
ONLY_OF_ITSELF = ("getpgid", "getsid", "prlimit64")  # the first argument is a process; 0 is the caller

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
INSTRUCTION = 8  # bytes of a sock_filter

NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag
SOCKET_KIND = 0xF  # the bits of a socket's type that are its kind
MSG_OOB = 1  # an urgent byte makes a channel look readable when it is not

# For a driver's sake, where the list above does not hold: what no exercise needs, and whatever is newer than these.
FORBIDDEN = """socket connect bind listen accept accept4 execve execveat ptrace process_vm_readv process_vm_writev
    pidfd_getfd kcmp setsid setpgid mount umount2 pivot_root chroot unshare setns move_mount open_tree fsopen fsmount
    fsconfig fspick mount_setattr chown fchown lchown fchownat shmget shmat shmctl msgget msgsnd msgrcv msgctl semget
    semop semtimedop semctl mq_open mq_unlink add_key request_key keyctl memfd_secret inotify_init inotify_init1
    inotify_add_watch fanotify_mark fanotify_init setpriority ioprio_set sched_setscheduler sched_setparam
    sched_setattr migrate_pages move_pages process_madvise process_mrelease bpf perf_event_open userfaultfd
    io_uring_enter io_uring_register setrlimit personality quotactl quotactl_fd acct swapon swapoff reboot kexec_load
    kexec_file_load init_module finit_module delete_module settimeofday clock_settime adjtimex clock_adjtime
    sethostname setdomainname iopl ioperm open_by_handle_at name_to_handle_at sync syncfs vhangup lookup_dcookie"""
FIRST_UNKNOWN, LAST_UNKNOWN = 457, 547  # numbers, alike on all processors since 424


_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    """What the kernel calls sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


@functools.cache
def rules(*, scoped_signals: bool, gpu: bool = False) -> tuple[bytes, tuple[str, ...]]:
    """Return the filter as the kernel takes it, nothing without libseccomp, and the calls that have no name there.

    These should be allowed, and are not. Slow enough to do ahead of a fork, down to the kernel's own instructions:
    libseccomp would work them out in every child. Unless said otherwise a refusal is EPERM, so that Python raises
    PermissionError. Without scoped signals no process may be signalled at all, not even itself.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError):
        return b"", ()
    table = pyseccomp.SyscallFilter(pyseccomp.ALLOW if gpu else pyseccomp.ERRNO(errno.EPERM))
    for answer, names in ((0, SEEMINGLY_DONE), (errno.EOPNOTSUPP, NOT_SUPPORTED), (errno.ENOSYS, UNHEARD_OF)):
        _add(table, pyseccomp.ERRNO(answer), names)
    for lock in (F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW):
        seemingly = pyseccomp.Arg(1, pyseccomp.MASKED_EQ, WORD, lock)
        _add(table, pyseccomp.ERRNO(0), ("fcntl", "fcntl64"), seemingly)
    unknown = _forbid(table, scoped_signals) if gpu else _allow(table, scoped_signals)
    return _compiled(table), tuple(unknown)


def _compiled(table: SyscallFilter) -> bytes:
    """Return a filter's instructions, eight bytes each."""
    with open(os.memfd_create("filter"), "rb") as file:
        table.export_bpf(file)
        file.seek(0)
        return file.read()


def install(program: bytes) -> None:
    """Filter the system calls of this process, and of all that it starts, for good; OSError where that is refused."""
    instructions = ctypes.create_string_buffer(program, len(program))
    wanted = _Program(len(program) // INSTRUCTION, ctypes.addressof(instructions))
    for request in ((landlock.PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(wanted))):
        if _libc.prctl(*request, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "the kernel does not filter system calls")


def _allow(table: SyscallFilter, scoped_signals: bool) -> list[str]:
    """Allow what is listed; return what has no name here."""
    import pyseccomp

    allow, arg, equal = pyseccomp.ALLOW, pyseccomp.Arg, pyseccomp.MASKED_EQ
    unknown = _add(table, allow, (*ALLOWED, *(SIGNALS if scoped_signals else ())))
    for name, values in (("ioctl", IOCTLS), ("fcntl", FCNTLS), ("fcntl64", FCNTLS)):
        for value in values:
            _add(table, allow, (name,), arg(1, equal, WORD, value))
    for value in PRCTLS:
        _add(table, allow, ("prctl",), arg(0, equal, WORD, value))
    for clone in (FICLONE, FICLONERANGE):
        _add(table, pyseccomp.ERRNO(errno.EOPNOTSUPP), ("ioctl",), arg(1, equal, WORD, clone))
    _add(table, allow, ONLY_OF_ITSELF, arg(0, equal, WORD, 0))
    _add(table, allow, ("getpriority",), arg(1, equal, WORD, 0))
    _add(table, pyseccomp.ERRNO(0), ("sched_setaffinity",), arg(0, equal, WORD, 0))
    _add(table, pyseccomp.ERRNO(0), ("setpriority",), arg(0, equal, WORD, os.PRIO_PROCESS), arg(1, equal, WORD, 0))
    _add(table, allow, ("clone",), arg(0, equal, NEW_NAMESPACES, 0))
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):  # one half of another kind can send to any address
        _add(table, allow, ("socketpair",), arg(1, equal, SOCKET_KIND, kind))
    for name, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        _add(table, allow, (name,), arg(flags, equal, MSG_OOB, 0))
    return unknown


def _forbid(table: SyscallFilter, scoped_signals: bool) -> list[str]:
    """Refuse what is listed; nothing that should be allowed can be missing."""
    import pyseccomp

    refuse, arg, equal = pyseccomp.ERRNO(errno.EPERM), pyseccomp.Arg, pyseccomp.MASKED_EQ
    _add(table, refuse, (*FORBIDDEN.split(), *(() if scoped_signals else SIGNALS)))
    for number in range(FIRST_UNKNOWN, LAST_UNKNOWN):
        with contextlib.suppress(ValueError, OSError):
            table.add_rule(refuse, number)
    _add(table, refuse, ("prlimit64",), arg(2, pyseccomp.NE, 0))
    # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY, F_SETDELEG; FIOSETOWN, SIOCSPGRP, FS_IOC_SETFLAGS, …VERSION
    for owner in (8, 10, 15, 1024, 1026, 1040):
        _add(table, refuse, ("fcntl",), arg(1, equal, WORD, owner))
    for request in (0x8901, 0x8902, 0x40086602, 0x40087602):
        _add(table, refuse, ("ioctl",), arg(1, equal, WORD, request))
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        _add(table, refuse, ("socketpair",), arg(1, equal, SOCKET_KIND, kind))
    for bit in range(32):
        if NEW_NAMESPACES >> bit & 1:
            _add(table, refuse, ("clone",), arg(0, equal, 1 << bit, 1 << bit))
    return []


def _add(table: SyscallFilter, action: int, names: Iterable[str], *arguments: object) -> list[str]:
    """Add a rule for each name; return the names that libseccomp has never heard of.

    Those that it knows and this processor lacks are passed over.
    """
    import pyseccomp

    unknown = []
    for name in names:
        number = pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
        if number == -1 and name in NEWER:
            number = NEWER[name]
        if number == -1:
            unknown.append(name)
        elif number >= 0:
            table.add_rule(action, number, *arguments)
    return unknown


# Calls that an older libseccomp has no name for; the numbers are those of every processor.
NEWER = {
    "epoll_pwait2": 441, "futex_waitv": 449, "fchmodat2": 452, "map_shadow_stack": 453, "futex_wake": 454,
    "futex_wait": 455, "futex_requeue": 456, "mseal": 462, "faccessat2": 439, "close_range": 436, "openat2": 437,
    "clone3": 435, "io_uring_setup": 425,
}  # fmt: skip
