"""The terminal that a screen is drawn on: whether it is still there, and leaving where it is not."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

CLOSED = 128 + 1  # what a shell makes of SIGHUP
LEAVING_SECONDS = 5.0  # far more than it takes to leave


def has_terminal() -> bool:
    """Return whether the terminal is still there."""
    if sys.platform == "win32":
        return sys.stdin.isatty()
    import termios

    try:
        termios.tcgetattr(0)
    except termios.error:
        return False
    return True


def leave_closed(leave: Callable[[], None]) -> None:
    """Leave; outright where what waits to be written to that terminal would hold up the end for ever."""
    outright = threading.Timer(LEAVING_SECONDS, os._exit, (CLOSED,))
    outright.daemon = True
    outright.start()
    leave()
