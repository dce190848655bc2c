"""The child: locks itself down, loads the submission, answers calls until it is killed.

It holds no expected value and never learns a verdict. Everything in this process is in the
submission's reach, so nothing that it says is believed beyond being an answer.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import sys
import tempfile
import tokenize
import types
from typing import Any, Never

import torch

from grader.sandbox.child.attempts import Attempts
from grader.sandbox.child.live import live
from grader.sandbox.child.lockdown import lock_down
from grader.sandbox.child.meter import metered
from grader.sandbox.child.observe import PROBE_FILE, Observer, fits, load
from grader.sandbox.child.reset import Baseline
from grader.sandbox.shared import wire
from grader.sandbox.shared.freeze import text_of
from grader.sandbox.shared.messages import (
    MAX_LEFTOVERS,
    MAX_MESSAGE,
    MAX_NAME,
    PROBE,
    SUBMISSION,
    Absent,
    Answer,
    Call,
    Counted,
    Dirty,
    Hello,
    Load,
    Request,
    Unfit,
)
from grader.sandbox.shared.policy import BROKEN, Policy

# What programs ask for a place to write: on any system, on Windows.
HOMES = (
    "HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR",
    "USERPROFILE", "TEMP", "TMP", "APPDATA", "LOCALAPPDATA",
)  # fmt: skip


def main(channel: socket.socket, output: int, policy: Policy) -> Never:
    """Serve one check on `channel`; prints go to the descriptor `output`. Never returns."""
    try:
        _take_over(channel.fileno(), output)
        serve(channel, policy)
    finally:
        os._exit(BROKEN)


def serve(channel: wire.Channel, policy: Policy) -> Never:
    """Serve one check in a process that has nothing else to do. Never returns."""
    try:
        _settle(policy.scratch)
        _serve(channel, policy)
    except BaseException as error:  # nothing may return into whatever called this, and the cause is not to be lost
        with contextlib.suppress(Exception):
            os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(BROKEN)


def _serve(channel: wire.Channel, policy: Policy) -> None:
    wire.send(channel, Hello(list(lock_down(policy))))
    server = Server(policy.device, policy.scratch)
    server.watch()
    while True:
        answer, tensors = server.answer(*wire.receive(channel, wire.REQUESTS))
        _flush()
        wire.send(channel, answer, tensors)


def make_convenient() -> None:
    """Have what the sandbox forbids, or only seemingly does, do no harm to ordinary code."""
    if sys.platform == "linux":
        from grader.sandbox.child.look_first import look_first
        from grader.sandbox.child.workers import allow_workers

        allow_workers()
        look_first()


def _take_over(channel: int, output: int) -> None:
    """Become a process group with nothing inherited but the channel and the place for prints."""
    with contextlib.suppress(OSError):
        if sys.platform != "win32":
            os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, channel)
    os.closerange(channel + 1, 4096)


def _settle(scratch: str) -> None:
    """Be at home in the scratch folder, and find nothing but Python's packages."""
    os.chdir(scratch)
    _at_home(scratch)
    for name in ("SIGINT", "SIGTERM", "SIGCHLD"):
        if hasattr(signal, name):  # Windows has not all of them
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    # subtle: what must be able to lie beside a submission may not be imported by it
    sys.path[:] = [entry for entry in sys.path if "-packages" in entry or entry.startswith(sys.base_prefix)]


def _at_home(scratch: str) -> None:
    """Have everything that looks for a place to write find the scratch folder, whatever was loaded before."""
    os.environ |= dict.fromkeys(HOMES, scratch)
    tempfile.tempdir = None  # where it was asked for already, it was remembered


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(BaseException):  # a stream of the submission's own may raise anything
            stream.flush()  # type: ignore[union-attr]


def _state_of(path: str) -> tuple[int, ...]:
    """Return what changes when somebody writes to a file, or puts another in its place; nothing where there is none."""
    try:
        seen = os.lstat(path)
    except OSError:
        return ()
    return seen.st_ino, seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


def _as_declared(source: str) -> bytes:
    """Return a file in the encoding that its first lines declare, in which others will read it."""
    content = source.encode()
    with contextlib.suppress(SyntaxError, LookupError, UnicodeError):
        return source.encode(tokenize.detect_encoding(io.BytesIO(content).readline)[0])
    return content


class Server:
    """Answers the three requests: load the submission, call one of its functions, call a probe.

    With `scratch`, the submission is run from a copy of its file there, which it may read as any module may read its
    own (torch's compiler does). The file itself stays out of reach.
    """

    def __init__(self, device: str, scratch: str = "") -> None:
        self._device = device
        self._scratch = scratch
        self._attempts = Attempts()
        self._observer = Observer("", self._attempts, device)
        self._modules: dict[str, types.ModuleType] = {}
        self._measures = False
        self._baseline: Baseline | None = None
        self._copy: tuple[str, tuple[int, ...]] = ("", ())  # what was written last, and how the file was then

    def watch(self) -> None:
        """Begin to note what the submission tries on the system; holds for the rest of the process."""
        self._attempts.watch()

    def answer(self, request: Request, arrays: wire.Arrays) -> tuple[Answer, wire.Arrays]:
        """Do what a request asks; return the answer and the tensors that belong to it."""
        return self._load(request) if isinstance(request, Load) else self._call(request, arrays)

    def _load(self, request: Load) -> tuple[Answer, wire.Arrays]:
        if self._baseline and (left := self._baseline.back()):
            return Dirty(request.id, [text_of(each, MAX_NAME) for each in left[:MAX_LEFTOVERS]]), {}
        self._baseline = self._baseline or Baseline()
        self._measures = request.measure
        if request.probe:
            self._modules[PROBE] = load(request.probe, PROBE_FILE, PROBE)
        filename = self._copied(request.filename, request.source)
        self._observer = Observer(filename, self._attempts, self._device, graphs=request.graphs)
        with contextlib.suppress(RuntimeError):
            torch.set_num_threads(1)

        def work() -> None:
            self._modules[SUBMISSION] = load(request.source, filename, SUBMISSION)

        seen, freezer = self._observer.observe(request.id, work, {}, request.seed)
        return seen, freezer.arrays

    def _copied(self, filename: str, source: str) -> str:
        if not self._scratch:
            return filename
        copy = os.path.join(self._scratch, os.path.basename(filename))
        if self._copy != (source, _state_of(copy)):
            try:
                with open(copy, "wb") as file:
                    file.write(_as_declared(source))
            except OSError:  # the disk is full: only what reads its own source will miss it
                copy = filename
            self._copy = (source, _state_of(copy))
        sys.argv[:] = [copy]  # what a submission parses as its arguments are none of ours
        return copy

    def _call(self, request: Call, arrays: wire.Arrays) -> tuple[Answer, wire.Arrays]:
        args = [live(node, arrays, self._device) for node in request.args]
        kwargs = {name: live(node, arrays, self._device) for name, node in request.kwargs.items()}
        labels = dict(zip(request.labels, [*args, *kwargs.values()], strict=True))
        if request.module == PROBE:
            args.insert(0, self._modules[SUBMISSION])
        function = vars(self._modules[request.module]).get(request.name)
        if not callable(function):
            return Absent(request.id, "" if function is None else type(function).__name__[:MAX_NAME]), {}
        if signature := fits(function, args, kwargs):
            return Unfit(request.id, signature[:MAX_MESSAGE]), {}

        def work() -> Any:
            return function(*args, **kwargs)

        counted, cost = metered(work) if self._measures else (work, {})
        seen, freezer = self._observer.observe(request.id, counted, labels, request.seed)
        seen.cost = Counted(**cost) if cost else None
        return seen, freezer.arrays
