"""A process that judges: stays warm, and drops a grading when a newer one is asked for.

Requests come on standard input and answers leave on standard output, a line of JSON each. It ends with its input.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from grader.catalogue.catalogue import find
from grader.errors import Cancelled, GraderError, UsageError, traced
from grader.judging.asked import Ask, Begin, Far, Told
from grader.judging.devices import DEVICES, is_available
from grader.judging.session import Session
from grader.judging.source import Source

if TYPE_CHECKING:
    from grader.judging.run import Watch

GLANCE_SECONDS = 0.05


class Inbox:
    """Holds the newest request; a new one takes the place of what nobody has taken, and stops what is under way."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._changed = threading.Condition()
        self._newest: Ask | None = None
        self._closed = False

    def put(self, request: Ask) -> None:
        """Take in a request."""
        with self._changed:
            self._newest = request
            self.stop.set()
            self._changed.notify()

    def close(self) -> None:
        """Take in no more."""
        with self._changed:
            self._closed = True
            self.stop.set()
            self._changed.notify()

    def take(self) -> Ask | None:
        """Wait for a request; None where none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._closed)
            request, self._newest = self._newest, None
            if not self._closed:
                self.stop.clear()
            return None if self._closed else request

    def stays_empty(self) -> bool:
        """Return whether nobody asks for anything at once, as a command with more to grade does."""
        return not self.stop.wait(GLANCE_SECONDS)


def main() -> None:
    """Serve until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks, who then ends us
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    begin = msgspec.json.decode(sys.stdin.buffer.readline(), type=Begin)
    os.environ.clear()
    os.environ.update(begin.environment)
    tempfile.tempdir = None  # it was asked for before the user's environment was here
    inbox = Inbox()
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    code = 0
    try:
        serve(inbox, answers, begin)
    except BaseException as error:
        sys.stderr.write(traced(error) or f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        code = 1
    # All that was started has been ended. An orderly end of Python would take torch apart first; the thread that
    # listens could hold it up, and autograd's threads for a device abort it.
    os._exit(code)


def _listen(inbox: Inbox) -> None:
    for line in sys.stdin.buffer:
        inbox.put(msgspec.json.decode(line, type=Ask))
    inbox.close()


def serve(inbox: Inbox, answers: BinaryIO, begin: Begin) -> None:
    """Grade what is asked for, always the newest; answer every request that was not overtaken."""
    with contextlib.ExitStack() as open_sessions:
        sessions: dict[str, Session] = {}
        while (request := inbox.take()) is not None:
            device = request.device
            if device not in sessions:
                limits, how = (begin.call_limit, begin.limit), {"strict": begin.strict, "impatient": begin.impatient}
                session = Session(device, *limits, inbox.stop, **how, launcher=begin.launcher)
                sessions[device] = open_sessions.enter_context(session)
            if answer := _answer(request, sessions[device], _Teller(answers, request)):
                _write(answers, answer)
                if request.more and answer.verdicts and inbox.stays_empty():
                    _get_ready(request, sessions[device])


def _write(answers: BinaryIO, told: Told) -> None:
    answers.write(msgspec.json.encode(told) + b"\n")
    answers.flush()


class _Teller:
    """Says how far a grading is, where that was asked for."""

    def __init__(self, answers: BinaryIO, request: Ask) -> None:
        self._answers = answers
        self._request = request

    def __call__(self, done: int, of: int, step: str) -> None:
        if self._request.tell:
            _write(self._answers, Told(self._request.id, far=Far(done, of, step)))


def _answer(request: Ask, session: Session, watch: Watch) -> Told | None:
    """Return a verdict, or a complaint; nothing where the grading was overtaken."""
    try:
        exercise = find(request.exercise)
        session.preload(exercise, more=request.more)
        source = Source(Path(request.path), request.text, request.sha256)
        if request.what == "measure":
            return Told(request.id, costs=list(session.measure(exercise, source, request.seed)))
        return Told(request.id, session.grade(exercise, source, request.seed, watch, request.only), devices=_devices())
    except Cancelled:
        return None
    except UsageError as error:
        return Told(request.id, complaint=str(error), is_usage=True)
    except Exception as error:  # a defect of ours is a complaint as well
        sys.stderr.write(traced(error))
        said = str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
        return Told(request.id, complaint=said)


def _get_ready(request: Ask, session: Session) -> None:
    try:
        session.prepare(find(request.exercise))
    except (GraderError, Cancelled):
        return  # the next grading meets it again and says so


@functools.cache
def _devices() -> list[str]:
    return [device for device in DEVICES if is_available(device)]
