"""Hears what a submission tries on the system, so that a refusal can name what was really refused.

It explains and never protects: what is forbidden, the kernel forbids.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import sys
from collections import deque
from typing import Any, NamedTuple

MOST_REMEMBERED = 1000
MAX_SHOWN = 200

STARTS_PROGRAM = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
COMPILERS = {"g++", "gcc", "c++", "cc", "clang++", "clang", "nvcc", "ninja"}
# What is done to a path, and to two of them.
CHANGES = {
    "os.remove": "delete {}", "os.rmdir": "delete the folder {}", "os.mkdir": "make the folder {}",
    "os.truncate": "cut off {}", "os.chmod": "change the permissions of {}", "os.chown": "change the owner of {}",
    "os.utime": "change the times of {}", "os.setxattr": "change {}", "os.listdir": "list the folder {}",
    "os.scandir": "list the folder {}", "os.rename": "move {} to {}", "os.link": "make a link to {} at {}",
    "os.symlink": "make a link to {} at {}",
}  # fmt: skip
ON_A_PATH = {"open", *STARTS_PROGRAM, *CHANGES}
# How a library that has tried several servers tells in an exception of its own that no name was found.
QUOTED = re.compile(rf"\[Errno ({socket.EAI_AGAIN}|{socket.EAI_NONAME})\]")
LOOKS_UP_HOST = {"socket.getaddrinfo", "socket.gethostbyname"}


class Attempt(NamedTuple):
    """One thing that was tried: on which path, empty where it is none, and what, in words."""

    path: str
    said: str


class Attempts:
    """Remembers what was tried of late."""

    def __init__(self) -> None:
        self._heard: deque[Attempt] = deque(maxlen=MOST_REMEMBERED)
        self._host = ""

    def watch(self) -> None:
        """Start to listen to Python's audit events; cannot be undone."""
        sys.addaudithook(self._hear)

    def forget(self) -> None:
        """Begin anew, for another call."""
        self._heard.clear()
        self._host = ""

    def refused(self, error: BaseException) -> str:
        """Return in words what the system did not allow, empty where an exception means something else.

        An exception of the submission's own making bears no number of an error.
        """
        if isinstance(error, socket.gaierror) or (self._host and QUOTED.search(str(error))):
            return self._network()
        if not isinstance(error, PermissionError) or error.errno not in (errno.EPERM, errno.EACCES):
            return ""
        if path := _text(error.filename):
            return next((each.said for each in reversed(self._heard) if each.path == path), f"use {path}")
        last = self._heard[-1] if self._heard else Attempt("nothing", "")
        return f"do this ({error.strerror})" if last.path else last.said

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ON_A_PATH:
            self._heard.append(_on_a_path(event, arguments))
        elif event in LOOKS_UP_HOST:
            self._host = _text(arguments[0])
        elif event == "socket.__new__":
            is_of_the_net = arguments[1] in (socket.AF_INET, socket.AF_INET6)
            self._heard.append(Attempt("", self._network() if is_of_the_net else "open a socket"))
        elif event in ("os.kill", "os.killpg"):
            self._heard.append(Attempt("", "send a signal to another process"))

    def _network(self) -> str:
        return f"open a network connection ({self._host})" if self._host else "open a network connection"


def _on_a_path(event: str, arguments: tuple[Any, ...]) -> Attempt:
    path, other = (_text(each) for each in (*arguments, "")[:2])
    if event == "open":
        return Attempt(path, f"{'write' if _is_for_writing(arguments) else 'read'} {path}")
    if event in STARTS_PROGRAM:
        what = "a compiler" if os.path.basename(path) in COMPILERS else "another program"
        return Attempt("" if event == "os.exec" else path, f"start {what} ({path})")
    return Attempt(path, CHANGES[event].format(path, other))


def _is_for_writing(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = (*arguments, None, None, None)[:3]
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _text(path: object) -> str:
    return os.fsdecode(path)[:MAX_SHOWN] if isinstance(path, (str, bytes, os.PathLike)) else ""
