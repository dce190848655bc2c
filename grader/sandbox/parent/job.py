"""A Job Object of Windows: holds a process and all that it starts to limits, and ends them together.

Its only handle is the grader's, so the system ends them all when the grader ends, however it does. No kept library
wraps it without much else; source https://learn.microsoft.com/windows/win32/procthread/job-objects (structures and
numbers from winnt.h).
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

from grader.sandbox.parent.limits import MAX_MEMORY, MAX_PROCESSES

assert sys.platform == "win32"

EXTENDED_LIMITS, UI_RESTRICTIONS = 9, 4  # classes of information
ACTIVE_PROCESS, JOB_MEMORY, DIE_ON_UNHANDLED_EXCEPTION, KILL_ON_JOB_CLOSE = 0x8, 0x200, 0x400, 0x2000
EVERY_UI_RESTRICTION = 0xFF  # desktops, clipboard, the others' windows, system parameters, logging off
KILLED = 0x40010004  # DBG_TERMINATE_PROCESS, which says that another process has ended it


class _BasicLimits(ctypes.Structure):
    _fields_ = [
        ("per_process_user_time", ctypes.c_int64), ("per_job_user_time", ctypes.c_int64),
        ("limit_flags", ctypes.c_uint32), ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t), ("active_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t), ("priority_class", ctypes.c_uint32), ("scheduling_class", ctypes.c_uint32),
    ]  # fmt: skip


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = [
        ("basic", _BasicLimits), ("io_counters", ctypes.c_uint64 * 6), ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t), ("peak_process_memory", ctypes.c_size_t), ("peak_job_memory", ctypes.c_size_t),
    ]  # fmt: skip


class Job:
    """See Family. Raises OSError where the system gives no job, or does not take the process into it."""

    confined_by = ("job",)

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._kernel = _kernel()
        self._handle = _checked(self._kernel.CreateJobObjectW(None, None))
        try:
            self._limit()
            process_handle = int(process._handle)  # type: ignore[attr-defined]
            _checked(self._kernel.AssignProcessToJobObject(self._handle, process_handle))
        except OSError:
            self.see_off()
            raise

    def _limit(self) -> None:
        limits = ExtendedLimits()
        limits.basic.limit_flags = ACTIVE_PROCESS | JOB_MEMORY | DIE_ON_UNHANDLED_EXCEPTION | KILL_ON_JOB_CLOSE
        limits.basic.active_processes = MAX_PROCESSES
        limits.job_memory = MAX_MEMORY
        self._set(EXTENDED_LIMITS, limits)
        self._set(UI_RESTRICTIONS, ctypes.c_uint32(EVERY_UI_RESTRICTION))

    def _set(self, which: int, what: Any) -> None:
        _checked(self._kernel.SetInformationJobObject(self._handle, which, ctypes.byref(what), ctypes.sizeof(what)))

    def end(self) -> None:
        """Kill all that is in it."""
        if self._handle:
            self._kernel.TerminateJobObject(self._handle, KILLED)

    def see_off(self) -> None:
        """Close it, which kills whatever is in it."""
        handle, self._handle = self._handle, 0
        if handle:
            self._kernel.CloseHandle(handle)


def _kernel() -> Any:
    """Return the system's library, with the types of what is called: a handle is as wide as a pointer."""
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    handle, number = ctypes.c_void_p, ctypes.c_uint32
    for name, returned, taken in (
        ("CreateJobObjectW", handle, [ctypes.c_void_p, ctypes.c_wchar_p]),
        ("SetInformationJobObject", ctypes.c_int, [handle, ctypes.c_int, ctypes.c_void_p, number]),
        ("AssignProcessToJobObject", ctypes.c_int, [handle, handle]),
        ("TerminateJobObject", ctypes.c_int, [handle, number]),
        ("CloseHandle", ctypes.c_int, [handle]),
    ):
        function = getattr(kernel, name)
        function.restype, function.argtypes = returned, taken
    return kernel


def _checked(result: int | None) -> int:
    """Return what a call returned, where that is not nothing; raise OSError with the system's words otherwise."""
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())
    return result
