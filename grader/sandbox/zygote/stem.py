"""The beginning of a process that judges: torch is loaded once, and the zygote comes out of it by a fork.

Whatever is in memory now is in the reach of every child: no check, no solution, nothing of the user's. So it comes
before everything else, in a process that was started without the user's environment.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import tempfile

from grader.sandbox.child import warm_up
from grader.sandbox.parent import fork
from grader.sandbox.zygote import zygote

assert sys.platform == "linux"


def begin() -> None:
    """Load what judge and children need, and fork the zygote; elsewhere than on Linux, launchers start their own."""
    if sys.platform != "linux":
        return
    warm_up.load()
    gc.collect()
    gc.freeze()
    ours, theirs = socket.socketpair()
    complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed by whoever adopts the zygote
    pid = os.fork()
    if pid == 0:
        _become_zygote(theirs, ours, complaints.fileno())
    theirs.close()
    fork.adopt(ours, pid, complaints)


def _become_zygote(control: socket.socket, other: socket.socket, complaints: int) -> None:
    other.close()
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle, target in ((nothing, 0), (nothing, 1), (complaints, 2)):
        os.dup2(handle, target)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        zygote.serve(control)
    finally:
        os._exit(0)
