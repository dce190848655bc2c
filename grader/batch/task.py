"""What an engine is given and what it gives back: plain data, which travels between machines as such."""

from __future__ import annotations

import msgspec

from grader.judging.clock import Limits
from grader.record.rows import State


class Task(msgspec.Struct, frozen=True):
    """One grading. The submission travels as text."""

    key: str
    exercise: str
    text: str
    sha256: str
    device: str
    seed: int


class How(msgspec.Struct, frozen=True):
    """How a batch grades: limits in seconds; `require` names parts of the isolation without which nothing is graded.

    `every_timeout` waits in every check for what does not end. `code` identifies the code that grades, so that no
    machine takes part that has another.
    """

    call: float = Limits().call
    exercise: float = Limits().exercise
    strict: bool = False
    every_timeout: bool = False
    require: tuple[str, ...] = ()
    code: str = ""


class Ended(msgspec.Struct, frozen=True):
    """How a grading ended: with a verdict, or with a fault of the grader's."""

    key: str
    state: State
    outcome: str = ""
    verdict_json: str = ""
    fault: str = ""
    at: float = 0.0
    seconds: float = 0.0
    machine: str = ""
    timed_out: bool = False
