"""Everything that reads what a child sent, one after the other, as a grading does it."""

from __future__ import annotations

import json
import socket
from typing import Any, cast
from xml.etree import ElementTree

import msgspec
import torch

from grader.catalogue.catalogue import Check
from grader.compare import expect, one_of
from grader.judging import witness
from grader.judging.told import told
from grader.reports.to_junit import to_junit
from grader.sandbox.shared import wire
from grader.sandbox.shared.messages import Hello
from grader.sandbox.shared.seen import Called, Seen
from grader.verdict import Outcome, StepResult, Verdict
from grader.vocabulary.ending import Ending

EXPECTED = torch.arange(6.0).reshape(2, 3)


class _Chunk:
    """A channel on which these bytes have come."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def recv(self, _most: int) -> bytes:
        """Return all of them at once."""
        return self._data


def read_message(message: Any, arrays: wire.Arrays) -> None:
    """Read a message as it would come out of the channel; raise nothing but what a submission is told by."""
    read_frame(wire.encode(message, arrays))


def read_frame(frame: bytes) -> None:
    """Read bytes out of the channel; what is no frame is a WireError, and no verdict is harmed by what is one."""
    try:
        reader = wire.Reader(wire.ANSWERS)
        reader.feed(cast("socket.socket", _Chunk(frame)))
        found = reader.take()
    except wire.WireError:
        return
    if found is not None and not isinstance(found[0], Hello):
        _compare(*found)


def _compare(answer: Any, arrays: wire.Arrays) -> None:
    try:
        found, _ = witness.seen("step", Called("step(x)"), answer, arrays)
        witness.unless_raised(found, {"some-misconception": lambda error: "x" in error.message})
    except Ending as ending:
        _tell(ending)
        return
    for ask in (_as_tensor, _as_parts, _as_plain):
        try:
            ask(found)
        except Ending as ending:
            _tell(ending)


def _as_tensor(seen: Seen) -> None:
    lookalikes = {"another": EXPECTED + 1, "yet-another": one_of([EXPECTED.int()]), "odd": lambda t: t.data[0] > 1}
    expect(seen, lookalikes).tensor(EXPECTED).requires_grad(False).grad(None)


def _as_parts(seen: Seen) -> None:
    expect(seen).length(2).item(0, "the first").finite().values(EXPECTED)


def _as_plain(seen: Seen) -> None:
    expect(seen, {"one": 1}).equals({"a": [1, 2.5, (None, "x")]})


def _tell(ending: Ending) -> None:
    """Write what a learner would be told, as every report does."""
    check = told(Check("test", "step", "does x"), ending, "", 0.0)
    steps = (StepResult("step", ending.outcome, (check,)),)
    verdict = Verdict("05_x", "X", "x.py", "", "cpu", 1, Outcome.FAILED, steps, (), {}, 0.0)
    again = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    again.pop("score")
    msgspec.convert(again, Verdict)
    ElementTree.fromstring(to_junit([verdict]))
