"""A process that has torch loaded and forks a child for each check, in milliseconds.

It never meets a submission: a child closes the control channel before it does anything else. It
takes orders from one inherited socket and has no address, so that no child can ask it for anything
(multiprocessing's forkserver listens on a path, and would fork for whoever connects).
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from grader.sandbox.child import warm_up
from grader.sandbox.shared import scratch
from grader.sandbox.shared.linux import adopt_orphans
from grader.sandbox.zygote.huge_pages import HugePages

assert sys.platform == "linux"

GRACE_SECONDS = 0.5
IDLE_SECONDS = 0.005  # without an order for so long, there is time for what nobody waits for


class Zygote:
    """Forks, ends and reaps children as told; ends them all when its control channel closes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, str] = {}  # pid -> scratch folder, of those not yet ended
        self._statuses: dict[int, int] = {}  # pid -> wait status, of those that died by themselves
        self._pages = HugePages()
        self._stays = False

    def run(self) -> None:
        """Obey one order after the other until the control channel closes."""
        try:
            while order := self._next_order():
                answer = getattr(self, "do_" + order.pop("op"))(**order)
                if answer is not None:
                    self._control.sendall(json.dumps(answer).encode() + b"\n")
        finally:
            for pid in list(self._children):
                self.do_end(pid)
            self._see_off()

    def _next_order(self) -> dict[str, Any] | None:
        while not select.select([self._control], [], [], self._patience())[0]:
            self._reap()
            self._pages.move_some()
        size = self._control.recv(4, socket.MSG_WAITALL)
        if len(size) < 4:
            return None
        length = int.from_bytes(size, "big")
        text, handles, _, _ = socket.recv_fds(self._control, length, 2)
        text += self._control.recv(length - len(text), socket.MSG_WAITALL) if len(text) < length else b""
        order: dict[str, Any] = json.loads(text)
        return order | {"handles": handles} if handles else order

    def do_preload(self, modules: list[str], probe: str) -> dict[str, Any]:
        """Import what the children of an exercise will need, and compile its probe; answer with what failed to come."""
        failed = warm_up.prepare(modules, probe)
        if self._stays:
            self._pages.look()
        return {"failed": failed}

    def do_stay(self) -> None:
        """Learn that many children will follow: then memory pays that makes each of them cheaper."""
        self._stays = True
        self._pages.look()

    def do_fork(self, policy: dict[str, Any], handles: list[int]) -> dict[str, Any]:
        """Fork a child that serves on the first handle and prints to the second."""
        self._reap()
        try:
            pid = os.fork()
            if pid == 0:
                self._become_child(handles[0], handles[1], policy)
        except OSError as error:
            return {"error": f"{error.strerror} (too many processes, or too little memory)"}
        finally:
            for handle in handles:
                os.close(handle)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self._children[pid] = policy["scratch"]
        return {"pid": pid}

    def _become_child(self, channel: int, output: int, policy: dict[str, Any]) -> None:
        from grader.sandbox.child import server
        from grader.sandbox.shared.policy import Policy

        policy["readable"] = tuple(policy["readable"])
        server.main(socket.socket(fileno=channel), output, Policy(**policy))

    def do_status(self, pid: int) -> dict[str, Any]:
        """Wait for a child that is said to be dead, killing it if it is not; answer how it ended."""
        deadline = time.monotonic() + GRACE_SECONDS
        while pid not in self._statuses and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.002)
        status = self._statuses.get(pid)
        self.do_end(pid)
        return {"code": None if status is None else os.waitstatus_to_exitcode(status)}

    def do_end(self, pid: int) -> None:
        """Kill a child and whatever it started, and remove its scratch folder."""
        if pid not in self._children:
            return
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                kill(pid, signal.SIGKILL)
        scratch.remove(self._children.pop(pid))
        self._statuses.pop(pid, None)

    def _patience(self) -> float | None:
        """Return how long to wait for an order before looking around, None for ever."""
        if self._pages.wanted:
            return IDLE_SECONDS
        return 1.0 if self._children else None

    def _see_off(self) -> None:
        """Wait until all that was killed is dead."""
        deadline = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < deadline:
                if not os.waitpid(-1, os.WNOHANG)[0]:
                    time.sleep(0.002)

    def _reap(self) -> None:
        """Collect the dead: children, and the orphans that they leave to this process."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] in self._children:
                    self._statuses[ended[0]] = ended[1]


def serve(control: socket.socket) -> None:
    """Fork on demand, until the control channel closes."""
    from grader.sandbox.child import server

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it was ignored, nobody could be told how a child ended
    adopt_orphans()
    server.make_convenient()
    gc.collect()
    gc.freeze()
    Zygote(control).run()


def main() -> None:
    """Be the zygote, in an interpreter that was started for it; the control channel is an inherited descriptor."""
    warm_up.load()
    serve(socket.socket(fileno=int(sys.argv[1])))
