"""The terminal that a screen is drawn on: whether it is still there, and leaving where it is not."""

from __future__ import annotations

import os
import signal
import termios
import threading
from collections.abc import Callable

LEAVING_SECONDS = 5.0  # far more than it takes to leave


def has_terminal() -> bool:
    """Return whether the terminal is still there."""
    try:
        termios.tcgetattr(0)
    except termios.error:
        return False
    return True


def leave_closed(leave: Callable[[], None]) -> None:
    """Leave; outright where what waits to be written to that terminal would hold up the end for ever."""
    outright = threading.Timer(LEAVING_SECONDS, os._exit, (128 + signal.SIGHUP,))
    outright.daemon = True
    outright.start()
    leave()
