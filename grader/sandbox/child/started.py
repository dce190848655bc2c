"""A child that was started and not forked: an interpreter that makes itself warm, and waits for its submission."""

from __future__ import annotations

import gc
import os
import signal
from typing import Never

from grader.sandbox.child import warm_up
from grader.sandbox.child.streams import Streams


def main() -> Never:
    """Load what is asked for until told to begin, then serve; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks
    channel = Streams()
    warm_up.load()
    warm_up.go_back_once()
    from grader.sandbox.child import server
    from grader.sandbox.shared import wire
    from grader.sandbox.shared.messages import Begin, Ready

    server.make_convenient()
    gc.collect()
    gc.freeze()
    try:
        while not isinstance(order := wire.receive(channel, wire.ORDERS)[0], Begin):
            wire.send(channel, Ready(warm_up.prepare(order.modules, order.probe)))
    except wire.Closed:  # nobody needs this one any more
        os._exit(0)
    server.serve(channel, order.policy)
