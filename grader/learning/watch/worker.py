"""The process that grades for `watch`: stays warm, drops a grading when a newer one is asked for.

Requests come on standard input and answers leave on standard output, a line of JSON each. It ends with its input.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from grader.catalogue.catalogue import find
from grader.errors import Cancelled, GraderError, UsageError, traced
from grader.judging.devices import DEVICES
from grader.judging.session import Session

Request = dict[str, Any]


class Inbox:
    """Holds the newest request; a new one takes the place of what nobody has taken, and stops what is under way."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._changed = threading.Condition()
        self._newest: Request | None = None
        self._closed = False

    def put(self, request: Request) -> None:
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

    def take(self) -> Request | None:
        """Wait for a request; None where none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._closed)
            request, self._newest = self._newest, None
            if not self._closed:
                self.stop.clear()
            return None if self._closed else request

    @property
    def empty(self) -> bool:
        """Whether nobody waits."""
        return not self.stop.is_set()


def main() -> None:
    """Serve until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asks, who then ends us
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    inbox = Inbox()
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    serve(inbox, answers, (float(sys.argv[1]), float(sys.argv[2])))


def _listen(inbox: Inbox) -> None:
    for line in sys.stdin:
        inbox.put(json.loads(line))
    inbox.close()


def serve(inbox: Inbox, answers: TextIO, limits: tuple[float, float]) -> None:
    """Grade what is asked for, always the newest; answer every request that was not overtaken."""
    with contextlib.ExitStack() as open_sessions:
        sessions: dict[str, Session] = {}
        while (request := inbox.take()) is not None:
            device = request["device"]
            if device not in sessions:
                sessions[device] = open_sessions.enter_context(Session(device, *limits, inbox.stop))
            if answer := _graded(request, sessions[device]):
                print(json.dumps({"id": request["id"], **answer}), file=answers, flush=True)
            if inbox.empty and "verdict" in answer:
                _get_ready(request, sessions[device])


def _graded(request: Request, session: Session) -> dict[str, Any]:
    """Return a verdict, or a complaint; nothing where the grading was overtaken."""
    exercise = find(request["exercise"])
    try:
        session.preload(exercise)
        path, seed = Path(request["path"]), request["seed"]
        if request["measure"]:
            costs = session.measure(exercise, path, seed)
            return {"costs": [{step: asdict(cost) for step, cost in each.items()} for each in costs]}
        verdict = session.grade(exercise, path, seed)[0]
    except Cancelled:
        return {}
    except UsageError as error:
        return {"complaint": str(error)}
    except GraderError as error:
        sys.stderr.write(traced(error))
        return {"complaint": f"a fault of the grader, not of your code: {error}"}
    return {"verdict": verdict.to_dict(), "devices": _devices()}


def _get_ready(request: Request, session: Session) -> None:
    try:
        session.prepare(find(request["exercise"]))
    except (GraderError, Cancelled):
        return  # the next grading meets it again and says so


@functools.cache
def _devices() -> list[str]:
    from grader.judging.devices import is_available

    return [device for device in DEVICES if is_available(device)]
