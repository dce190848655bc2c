"""Stands in for what the grader calls of Windows's kernel32: jobs that hold processes, and end them together."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import time
import types

import psutil

KILL_ON_JOB_CLOSE = 0x2000
LIMIT_FLAGS_AT = 16  # bytes into JOBOBJECT_EXTENDED_LIMIT_INFORMATION
EXTENDED_LIMITS, EXTENDED_LIMITS_BYTES = 9, 144  # on 64-bit Windows

_numbers = itertools.count(4, 4)
_jobs: dict[int, list[str]] = {}  # of each, the marks of the processes in it, which they hand on to those they start
_kills_on_close: set[int] = set()


def load(name: str, **_: object) -> types.SimpleNamespace:
    """Return the functions, each as something that takes attributes, as those of ctypes do."""
    assert name == "kernel32"
    return types.SimpleNamespace(**{each.__name__: _Function(each) for each in FUNCTIONS})


class _Function:
    def __init__(self, function):
        self._function = function

    def __call__(self, *arguments):
        assert len(arguments) == len(self.argtypes)
        return self._function(*arguments)


def CreateJobObjectW(attributes, name):  # noqa: N802  as Windows calls it
    job = next(_numbers)
    _jobs[job] = []
    return job


def SetInformationJobObject(job, kind, what, size):  # noqa: N802
    if kind == EXTENDED_LIMITS:
        assert size == EXTENDED_LIMITS_BYTES
        flags = ctypes.cast(what, ctypes.POINTER(ctypes.c_uint32))[LIMIT_FLAGS_AT // 4]
        if flags & KILL_ON_JOB_CLOSE:
            _kills_on_close.add(job)
    return job in _jobs


def AssignProcessToJobObject(job, process):  # noqa: N802
    end = time.monotonic() + 5
    while not (mark := psutil.Process(process).environ().get("GRADER_CHILD")):  # for a moment after exec there is none
        assert time.monotonic() < end
        time.sleep(0.001)
    _jobs[job].append(mark)
    return 1


def TerminateJobObject(job, code):  # noqa: N802
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if each.environ().get("GRADER_CHILD") in _jobs[job]:
                each.kill()
    return 1


def CloseHandle(job):  # noqa: N802
    if job in _kills_on_close:
        TerminateJobObject(job, 0)
    del _jobs[job]
    return 1


FUNCTIONS = (
    CreateJobObjectW, SetInformationJobObject, AssignProcessToJobObject, TerminateJobObject, CloseHandle,
)  # fmt: skip
