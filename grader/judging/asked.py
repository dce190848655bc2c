"""What is asked of a process that judges, and what it answers: one line of JSON each."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from grader.judging.cost import Cost
from grader.sandbox.parent.launch import Name
from grader.verdict import Verdict

What = Literal["grade", "measure"]


class Begin(Struct):
    """The first line: the user's environment, which the process began without, and how it is to grade.

    An `impatient` judge waits for one endless loop once, and not in every check that comes to it (see Run).
    """

    environment: dict[str, str]
    call_limit: float
    limit: float
    strict: bool = False
    impatient: bool = False
    launcher: Name | None = None


class Ask(Struct):
    """Grade a submission on a device, or on all; or `measure` it beside the solution. `path` is where it was read.

    Where `more` is to follow, the process gets ready for the next one. With `tell`, it says how far it is.
    With `only`, checks of other steps than these are left out as blocked.
    """

    id: int
    what: What
    exercise: str
    path: str
    text: str
    sha256: str
    device: str
    seed: int
    more: bool = False
    tell: bool = False
    only: list[str] = []


class Far(Struct):
    """How far a grading is: so many checks of so many have ended, the last of them one of `step`."""

    done: int
    of: int
    step: str


class Told(Struct):
    """The answer: verdicts, one for each device, or costs of both; or a complaint, which may be about the usage.

    One that says how `far` the grading is comes before the answer, and is none.
    """

    id: int
    verdicts: list[Verdict] = []
    costs: list[dict[str, Cost]] = []
    devices: list[str] = []
    complaint: str = ""
    is_usage: bool = False
    far: Far | None = None
