"""Has the grader run as on another system: its modules, and no others, find what that system lacks to be missing.

    python -c "from grader.tests.portable import pretend; pretend.main('windows')" exercise 05

What Python's own library and torch do, they do as on Linux. The processes that the grader starts pretend as well.
"""

from __future__ import annotations

import builtins
import ctypes
import importlib
import importlib.machinery
import os
import select
import signal
import socket
import subprocess
import sys
import types

from grader.tests.portable import kernel32

POSIX_MODULES = {"fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "posix", "readline"}
POSIX_CALLS = {
    "fork", "forkpty", "killpg", "setsid", "setpgid", "getpgid", "getpgrp", "getuid", "geteuid", "getgid", "getegid",
    "getgroups", "setuid", "nice", "getpriority", "setpriority", "mkfifo", "mknod", "fchmod", "fchown", "chown",
    "lchown", "chroot", "waitid", "wait", "wait3", "wait4", "WNOHANG", "WIFEXITED", "WIFSIGNALED", "WEXITSTATUS",
    "uname", "statvfs", "sysconf", "confstr", "register_at_fork", "posix_spawn", "openpty", "ttyname", "pread",
    "pwrite", "preadv", "sendfile", "sync", "getloadavg", "set_blocking", "fdatasync", "fchdir", "tcgetpgrp",
    "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_SYNC",
}  # fmt: skip
LINUX_CALLS = {
    "O_PATH", "O_TMPFILE", "pidfd_open", "memfd_create", "eventfd", "getxattr", "setxattr", "listxattr", "unshare",
    "sched_setaffinity", "sched_getaffinity", "copy_file_range", "splice", "getresuid",
}  # fmt: skip
POSIX_SIGNALS = {
    "SIGKILL", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPROF", "SIGVTALRM", "SIGPIPE", "SIGSTOP",
    "SIGCONT", "SIGQUIT", "SIGXCPU", "SIGXFSZ", "SIGTSTP", "setitimer", "alarm", "ITIMER_REAL", "ITIMER_PROF",
    "ITIMER_VIRTUAL", "pthread_sigmask", "pause", "sigwait",
}  # fmt: skip
RELATIVE = ("open", "unlink", "rename", "rmdir", "chmod", "stat", "mkdir")


def main(system: str) -> None:
    """Run the command line as on that system; `windows` or `macos`."""
    begin(system)
    from grader.__main__ import main as run

    sys.exit(run())


def begin(system: str) -> None:
    """Pretend from now on, in this process and in those that the grader starts."""
    sys.meta_path.insert(0, _Finder(system))


class _Finder:
    """Finds the grader's modules, and gives them other builtins than Python's."""

    def __init__(self, system: str) -> None:
        self._boot = f"from grader.tests.portable import pretend; pretend.begin({system!r}); "
        self._builtins = vars(builtins) | {"open": _open, "__import__": _importer(SYSTEMS[system]())}

    def find_spec(self, name: str, path: object, target: object = None) -> object:
        if not name.startswith("grader.") or name.startswith("grader.tests"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)  # type: ignore[arg-type]
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            execute = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                vars(module)["__builtins__"] = self._builtins
                execute(module)
                self._hand_on(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def _hand_on(self, module: types.ModuleType) -> None:
        """Have the processes that this module starts pretend as well."""
        if module.__name__ in ("grader.judging.process", "grader.sandbox.parent.interpreter"):
            before, here, after = module.BOOT.partition("{stem}" if "{stem}" in module.BOOT else "from grader.")
            module.BOOT = before + self._boot + here + after


def _importer(others: dict[str, types.ModuleType | None]) -> object:
    def find(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002  as Python calls them
        root = name.partition(".")[0]
        if level == 0 and root in others:
            if others[root] is None:
                raise ModuleNotFoundError(f"No module named {root!r}", name=root)
            if root != name:
                builtins.__import__(name)
            if root == name or not fromlist:
                return others[root]
        return builtins.__import__(name, globals, locals, fromlist, level)

    return find


def _open(file, *args, **options):
    if str(file).startswith("/proc"):
        raise FileNotFoundError(2, "No such file or directory", file)
    return builtins.open(file, *args, **options)


def _standin(real: types.ModuleType, lacking: set[str] = frozenset(), **instead: object) -> types.ModuleType:
    """Return a module that is like another but for what it lacks, and what is there instead."""

    class Standin(types.ModuleType):
        def __getattribute__(self, name):
            if name in lacking:
                raise AttributeError(f"module {real.__name__!r} has no attribute {name!r}")
            return instead[name] if name in instead else getattr(real, name)

        def __setattr__(self, name, value):
            setattr(real, name, value)

    return Standin(real.__name__)


def _windows() -> dict[str, types.ModuleType | None]:
    msvcrt = types.ModuleType("msvcrt")
    msvcrt.setmode = lambda handle, mode: mode  # type: ignore[attr-defined]
    relative = {name: _not_relative(getattr(os, name)) for name in RELATIVE}
    return {
        **dict.fromkeys(POSIX_MODULES),
        "msvcrt": msvcrt,
        "sys": _standin(sys, platform="win32"),
        "os": _standin(
            os, POSIX_CALLS | LINUX_CALLS, name="nt", O_BINARY=0, kill=_no_kill, supports_dir_fd=set(),
            supports_fd=set(), supports_follow_symlinks=set(), **relative,
        ),
        "signal": _standin(signal, POSIX_SIGNALS),
        "socket": _standin(socket, {"AF_UNIX", "send_fds", "recv_fds"}, socketpair=_loopback),
        "select": _standin(select, {"poll", "epoll"}, select=_select_sockets),
        "subprocess": _standin(
            subprocess, Popen=_Popen, CREATE_NEW_PROCESS_GROUP=0x200, CREATE_NO_WINDOW=0x08000000,
        ),
        "ctypes": _standin(ctypes, CDLL=_no_library, WinDLL=kernel32.load, WinError=OSError, get_last_error=int),
    }  # fmt: skip


def _macos() -> dict[str, types.ModuleType | None]:
    return {
        "sys": _standin(sys, platform="darwin"),
        "os": _standin(os, LINUX_CALLS, chmod=_chmod),
        "select": _standin(select, {"epoll"}),
        "ctypes": _standin(ctypes, CDLL=lambda *_, **__: types.SimpleNamespace()),
    }


SYSTEMS = {"windows": _windows, "macos": _macos}


def _not_relative(function):
    def call(path, *args, dir_fd=None, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True, **options):
        if (dir_fd, src_dir_fd, dst_dir_fd) != (None, None, None):
            raise NotImplementedError("dir_fd unavailable on this platform")
        if function is os.open and os.path.isdir(path):
            raise PermissionError(13, "Permission denied", path)
        linked = {} if follow_symlinks else {"follow_symlinks": False}
        return function(path, *args, **linked, **options)

    return call


def _chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    """Do what macOS can and Linux cannot: leave a link alone."""
    if follow_symlinks or not os.path.islink(f"/proc/self/fd/{dir_fd}/{path}"):
        os.chmod(path, mode, dir_fd=dir_fd)


def _no_kill(pid, number):
    raise AssertionError("on Windows, os.kill ends a process, whatever the signal")


def _no_library(name, *args, **options):
    if name is None:
        raise TypeError("bad argument type for built-in operation")
    raise OSError(f"Could not find module {name!r}")


def _loopback(*_):
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        return near, server.accept()[0]


def _select_sockets(*waited):
    for each in waited[0]:
        if not isinstance(each, socket.socket):
            raise OSError(10038, "An operation was attempted on something that is not a socket")
    return select.select(*waited)


class _Popen(subprocess.Popen):
    """Refuses and ignores what Windows does."""

    def __init__(self, *args, creationflags=0, process_group=None, start_new_session=False, **options):
        if set(options) & {"pass_fds", "preexec_fn", "user", "group"}:
            raise ValueError("not supported on Windows platforms")
        # So that all that it starts can be ended together, as the job does there.
        super().__init__(*args, start_new_session=True, **options)
        self._handle = self.pid
