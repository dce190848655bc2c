"""How a child ended, in words: on POSIX by a signal, on Windows with a status of the system's."""

from __future__ import annotations

import signal

KILLED = -9  # by SIGKILL, which Windows has no name for
REASONS = {
    "SIGSEGV": "an invalid memory access", "SIGKILL": "killed", "SIGXCPU": "too much processor time",
    "SIGXFSZ": "too large a file", "SIGABRT": "aborted",
}  # fmt: skip
# Of ntstatus.h, as far as a submission can bring them about.
STATUSES = {
    0xC0000005: "an invalid memory access", 0xC00000FD: "too deep a recursion", 0xC0000017: "too little memory",
    0xC000001D: "an illegal instruction", 0xC0000094: "an integer division by zero", 0xC0000374: "a damaged heap",
    0xC0000409: "aborted", 0xC000012D: "too little memory", 0xC000013A: "Ctrl-C", 0x40010004: "killed",
}  # fmt: skip


def said(code: int | None) -> str:
    """Return how a process ended that has this exit code, negative for a signal, None where it had to be killed."""
    if code is None:
        return "it closed its channel to the grader and was stopped"
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"the process was ended by {name}" + (f", {REASONS[name]}" if name in REASONS else "")
    if code in STATUSES:
        return f"the process was ended by Windows with status {code:#x}, {STATUSES[code]}"
    return f"the process ended itself with exit code {code}"
