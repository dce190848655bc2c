"""What a process of the sandbox loads and does before a submission arrives, so that no submission waits for it."""

from __future__ import annotations

import gc
import importlib
import socket
import sys
from typing import Any


def load() -> None:
    """Load torch and the server, so that no child has to."""
    import torch

    import grader.sandbox.child.server
    import grader.torchvision_cpu  # noqa: F401  no child could read it
    from grader.sandbox.child import lockdown
    from grader.sandbox.child.late_dynamo import load_dynamo_late
    from grader.sandbox.child.names import remember_modules, remember_names

    load_dynamo_late()
    torch.set_num_threads(1)
    _warm_up(torch)
    lockdown.prepare()
    remember_names()
    remember_modules(anew=True)


def prepare(modules: list[str], probe: str) -> dict[str, str]:
    """Import what the children of an exercise will need, and compile its probe; return what failed to come, and why."""
    from grader.sandbox.child.names import remember_modules, remember_names
    from grader.sandbox.child.observe import PROBE_FILE, compiled

    failed = {}
    if probe:
        compiled(probe, PROBE_FILE)
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # the exercise will say what is missing
            failed[name] = f"{type(error).__name__}: {error}"
    remember_names(anew=True)  # what was imported may have changed what was there; no submission was here
    remember_modules(anew=True)
    gc.collect()
    gc.freeze()
    return failed


def go_back_once() -> None:
    """Rehearse a backward pass, for a process that is never forked: its threads would not survive that."""
    import torch

    weights = torch.ones(3, 5, requires_grad=True)
    (weights * 2).sum().backward()  # type: ignore[no-untyped-call]


def _warm_up(torch: Any) -> None:
    """Do what is slow or reads the system the first time; no backward pass, whose threads do not survive a fork."""
    left = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    torch.equal((left @ left.T).sum().cpu(), left.exp().mean())
    _rehearse(torch.zeros(3, 5))


def _rehearse(tensor: Any) -> None:
    """Answer, as a child does, a call that nobody asked for: what that loads need not be loaded in every child."""
    from grader.sandbox.child.server import Server
    from grader.sandbox.shared import wire
    from grader.sandbox.shared.freeze import Freezer
    from grader.sandbox.shared.messages import SUBMISSION, Call, Load

    ours, theirs = socket.socketpair()
    server, freezer = Server("cpu"), Freezer()
    load = Load("", "def f(x):\n    return x + 1\n", "", "", 0, measure=False)
    call = Call("", SUBMISSION, "f", ["0"], 0, [freezer.freeze(tensor)], {})
    for request in (load, call):
        wire.send(ours, request, freezer.arrays)
        wire.send(theirs, *server.answer(*wire.receive(theirs, wire.REQUESTS)))
        wire.receive(ours, wire.ANSWERS)
    del sys.modules[SUBMISSION]
