"""Trusted side: starts children and ends them, by a zygote that forks or, for MPS, one process each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from grader.errors import GraderError
from grader.sandbox.child.lockdown import Policy

ROOT = Path(__file__).resolve().parents[3]

BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); from grader.sandbox.{module} import {name}; {name}()"
)


class Launcher(Protocol):
    """Starts and ends children; `pid` and `status` may wait."""

    def start(self, policy: Policy, channel: socket.socket, output: int) -> int:
        """Begin a child that serves on `channel`; return a ticket."""

    def pid(self, ticket: int) -> int:
        """Return the process id of the child begun under `ticket`."""

    def status(self, pid: int) -> int | None:
        """Return the exit code of a dead child, negative for a signal, None if it had to be killed."""

    def end(self, pid: int) -> None:
        """Kill a child and all that it started."""

    def preload(self, modules: tuple[str, ...], probe: str) -> None:
        """Begin to load modules and a probe ahead of the children; what was asked for before is not loaded again."""

    def not_preloaded(self) -> dict[str, str]:
        """Wait until all is loaded; return what could not be, and why."""

    def close(self) -> None:
        """End everything."""


def _command(module: str, name: str, *arguments: str) -> list[str]:
    """Return the command for a fresh interpreter with this one's packages and nothing else of the user's."""
    paths = [entry for entry in sys.path if entry and Path(entry).resolve() != Path.cwd()]
    return [sys.executable, "-I", "-c", BOOT.format(module=module, name=name), *arguments,
            json.dumps([*paths, str(ROOT)])]  # fmt: skip


def _environment(scratch: str) -> dict[str, str]:
    """Return the whole environment of a child: nothing of the user's crosses but where CUDA lies."""
    kept = ("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "LD_LIBRARY_PATH", "PYTORCH_ENABLE_MPS_FALLBACK", "SYSTEMROOT")
    scrubbed = {
        "PATH": os.defpath, "HOME": scratch, "TMPDIR": scratch, "LANG": "C.UTF-8", "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "MPLCONFIGDIR": str(ROOT / ".grader" / "matplotlib"),
    }  # fmt: skip
    return scrubbed | {name: os.environ[name] for name in kept if name in os.environ}


class ForkLauncher:
    """Forks each child from a zygote that has torch loaded; about 5 ms for each."""

    def __init__(self) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        ours, theirs = socket.socketpair()
        self._control = ours
        self._process = subprocess.Popen(
            _command("zygote.zygote", "main", str(theirs.fileno())), pass_fds=[theirs.fileno()],
            env=_environment("/nonexistent"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self._complaints, start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._lines = self._control.makefile("rb")
        self._tickets = 0
        self._awaited: deque[int] = deque()
        self._answers: dict[int, dict[str, Any]] = {}
        self._preloaded: set[str] = set()
        self._preloads: list[int] = []
        self._failed: dict[str, str] = {}

    def _order(self, handles: list[int] | None = None, *, answered: bool = True, **order: Any) -> int:
        text = json.dumps(order).encode()
        try:
            self._control.sendall(len(text).to_bytes(4, "big"))
            socket.send_fds(self._control, [text], handles or [])
        except OSError:
            raise self._broken() from None
        self._tickets += 1
        if answered:
            self._awaited.append(self._tickets)
        return self._tickets

    def _answer(self, ticket: int) -> dict[str, Any]:
        while ticket not in self._answers:
            try:
                line = self._lines.readline()
            except OSError:
                raise self._broken() from None
            if not line:
                raise self._broken()
            self._answers[self._awaited.popleft()] = json.loads(line)
        return self._answers.pop(ticket)

    def _broken(self) -> GraderError:
        self._complaints.seek(0)
        last = self._complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
        return GraderError(
            f"the process that starts submissions ended: {last or 'killed'}. Try `python -m grader doctor`"
        )

    def start(self, policy: Policy, channel: socket.socket, output: int) -> int:
        return self._order([channel.fileno(), output], op="fork", policy=asdict(policy))

    def pid(self, ticket: int) -> int:
        return int(self._answer(ticket)["pid"])

    def status(self, pid: int) -> int | None:
        code = self._answer(self._order(op="status", pid=pid))["code"]
        return None if code is None else int(code)

    def end(self, pid: int) -> None:
        self._order(op="end", pid=pid, answered=False)

    def preload(self, modules: tuple[str, ...], probe: str) -> None:
        wanted = {*modules, probe} - self._preloaded
        self._preloaded |= wanted
        if wanted:
            new = [name for name in modules if name in wanted]
            self._preloads.append(self._order(op="preload", modules=new, probe=probe))

    def not_preloaded(self) -> dict[str, str]:
        while self._preloads:
            self._failed |= self._answer(self._preloads.pop())["failed"]
        return self._failed

    def close(self) -> None:
        self._control.close()
        self._lines.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._complaints.close()


class SpawnLauncher:
    """Starts a fresh interpreter for each child: slower, but safe where a forked torch is not."""

    def __init__(self) -> None:
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, policy: Policy, channel: socket.socket, output: int) -> int:
        child = subprocess.Popen(
            _command("child.server", "spawned", str(channel.fileno()), str(output), json.dumps(asdict(policy))),
            pass_fds=[channel.fileno(), output], env=_environment(policy.scratch), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip
        self._children[child.pid] = child
        return child.pid

    def pid(self, ticket: int) -> int:
        return ticket

    def status(self, pid: int) -> int | None:
        try:
            return self._children[pid].wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.end(pid)

    def end(self, pid: int) -> None:
        child = self._children.pop(pid, None)
        if child is not None:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
            child.kill()
            child.wait()

    def preload(self, modules: tuple[str, ...], probe: str) -> None:
        """Nothing can be loaded ahead of a process that does not exist yet."""

    def not_preloaded(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        for pid in list(self._children):
            self.end(pid)


def start(device: str) -> Launcher:
    """Return the launcher for a device; it begins to load torch at once, beside whatever the caller does next."""
    return SpawnLauncher() if device == "mps" or sys.platform in ("darwin", "win32") else ForkLauncher()
