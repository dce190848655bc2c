"""Landlock by system call: which files a process may touch, with no root, daemon or container.

No kept Python library wraps it, so this file does: Linux 5.13 and later, source
https://docs.kernel.org/userspace-api/landlock.html (structures and numbers from <linux/landlock.h>).
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable

assert sys.platform == "linux"

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
# How many of the file rights, from bit 0 up, each version of the interface knows.
RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}
NEWEST_RIGHTS = 16
SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
BIND_AND_CONNECT_TCP = 0b11

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """Return the version of Landlock that the kernel offers, 0 for none."""
    found = _libc.syscall(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    return max(int(found), 0)


def restrict(read: Iterable[str], write: Iterable[str], listed: Iterable[str] = ()) -> int:
    """Limit this process for good to the paths given; return the version in force, 0 for none.

    Paths in `read` may be read and executed, paths in `write` may be used in every way, of paths in `listed`
    the names may be read, each with all that lies beneath; paths that do not exist are passed over. Every other
    file is out of reach. From version 6 on, signals and abstract sockets reach only processes under the same
    restriction.

    Raises OSError where the kernel offers Landlock but refuses this.
    """
    offered = version()
    if offered == 0:
        return 0
    every = (1 << RIGHTS_BY_VERSION.get(offered, NEWEST_RIGHTS)) - 1
    rules = _create(every, offered)
    try:
        for path in read:
            _allow(rules, path, READ & every)
        for path in listed:
            _allow(rules, path, READ_DIR)
        for path in write:
            _allow(rules, path, every)
        _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc.syscall(RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)
    return offered


def _create(every: int, offered: int) -> int:
    net = BIND_AND_CONNECT_TCP if offered >= 4 else 0
    scoped = SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS if offered >= 6 else 0
    attributes = _Ruleset(every, net, scoped)
    size = 24 if offered >= 6 else 16 if offered >= 4 else 8
    return _checked(_libc.syscall(CREATE_RULESET, ctypes.byref(attributes), size, 0))


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= ON_FILES
        rule = _PathBeneath(rights, handle)
        _checked(_libc.syscall(ADD_RULE, rules, RULE_PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(handle)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
