"""Lets a submission have worker processes where there is neither a socket nor shared memory with a name.

multiprocessing keeps its locks and shared values, and torch its tensors, in /dev/shm, which every process of the user
can reach and which outlives the child. Here a lock is an unnamed POSIX semaphore in memory that only forks of this
process share, a shared value lies in a file of the scratch folder, and a tensor crosses by value unless it was moved
into such memory before the fork.
"""

from __future__ import annotations

import _multiprocessing
import contextlib
import ctypes
import errno
import mmap
import multiprocessing.heap
import multiprocessing.util
import os
import sys
import threading
import time
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
import torch.multiprocessing.reductions  # registers the reducers that are taken away below

assert sys.platform == "linux"

RECURSIVE_MUTEX = 0
SEMAPHORE_BYTES = 64  # sem_t takes 32 bytes on 64-bit Linux

_libc = ctypes.CDLL(None, use_errno=True)


class _TimeSpec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


class AnonymousSemaphore:
    """Stands in for `_multiprocessing.SemLock`: same methods, no name in the file system. Linux only."""

    SEM_VALUE_MAX = 2**31 - 1

    def __init__(self, kind: int, value: int, maxvalue: int, *_name_and_unlink: object) -> None:
        self.kind, self.maxvalue, self.handle = kind, maxvalue, 0
        self.name = None  # so that nobody tracks or unlinks it
        self._memory = mmap.mmap(-1, SEMAPHORE_BYTES)
        self._semaphore = (ctypes.c_char * SEMAPHORE_BYTES).from_buffer(self._memory)
        self._held = 0
        self._holder = 0
        if _libc.sem_init(self._semaphore, 1, value) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the semaphore; return whether it was taken within `timeout` seconds."""
        if self.kind == RECURSIVE_MUTEX and self._is_mine():
            self._held += 1
            return True
        if not self._wait(block, timeout):
            return False
        self._held += 1
        self._holder = threading.get_ident()
        return True

    def _wait(self, block: bool, timeout: float | None) -> bool:
        end = time.time() + max(0.0, timeout) if timeout is not None else 0.0
        until = _TimeSpec(int(end), int(end % 1 * 1e9))
        while True:
            if not block:
                failed = _libc.sem_trywait(self._semaphore)
            elif timeout is None:
                failed = _libc.sem_wait(self._semaphore)
            else:
                failed = _libc.sem_timedwait(self._semaphore, ctypes.byref(until))
            if not failed:
                return True
            if ctypes.get_errno() in (errno.EAGAIN, errno.ETIMEDOUT):
                return False
            if ctypes.get_errno() != errno.EINTR:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def release(self) -> None:
        """Give the semaphore back; raise for a lock that is not held, or a semaphore that is full."""
        if self.kind == RECURSIVE_MUTEX:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._held > 1:
                self._held -= 1
                return
        elif self._get_value() >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        self._held -= 1
        _libc.sem_post(self._semaphore)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _count(self) -> int:
        return self._held

    def _is_mine(self) -> bool:
        return self._held > 0 and self._holder == threading.get_ident()

    def _get_value(self) -> int:
        value = ctypes.c_int()
        _libc.sem_getvalue(self._semaphore, ctypes.byref(value))
        return value.value

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        self._held = 0


def _unshared(cls: type[torch.UntypedStorage], size: int, *, device: str = "cpu") -> torch.UntypedStorage:
    """Return memory of this process's own, where torch would have a worker write into shared memory."""
    return cls(size, device=device)


def _no_program(path: bytes, args: object, passfds: object) -> int:  # noqa: ARG001
    """Say at once that no other interpreter can be started; multiprocessing would wait for one that never came up."""
    sys.audit("subprocess.Popen", path, args, None, None)
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)


def _shared(self: torch.Tensor) -> torch.Tensor:
    """Move a tensor into memory that it has in common with later forks of this process."""
    if size := self.untyped_storage().nbytes():
        storage = torch.frombuffer(mmap.mmap(-1, size), dtype=torch.uint8).untyped_storage()
        storage.copy_(self.untyped_storage())
        with torch.no_grad():
            self.set_(storage, self.storage_offset(), self.size(), self.stride())
    return self


def allow_workers() -> None:
    """Make forked workers possible in this process and its forks. Tensors that cross are copied."""
    _multiprocessing.SemLock = AnonymousSemaphore
    # Shared values then lie in the temporary folder.
    multiprocessing.heap.Arena._dir_candidates = []  # type: ignore[attr-defined]
    multiprocessing.util.spawnv_passfds = _no_program
    torch.UntypedStorage._new_shared = classmethod(_unshared)  # type: ignore[assignment]
    torch.Tensor.share_memory_ = _shared  # type: ignore[method-assign]
    reducers: dict[type, Any] = ForkingPickler._extra_reducers  # type: ignore[attr-defined]
    for kind in [kind for kind in reducers if kind.__module__.startswith("torch")]:
        with contextlib.suppress(KeyError):
            del reducers[kind]
