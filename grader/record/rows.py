"""The rows of a batch's results: who handed in what, what is planned, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from grader.verdict import Verdict


class State(StrEnum):
    """How far a result is."""

    PENDING = "pending"
    DONE = "done"
    FAULT = "fault"  # the grader's, never the student's: tried again, and no zero


class Student(msgspec.Struct, frozen=True):
    """Somebody who hands in, by the id that their system gave them; empty where the roster does not tell.

    `sid` is the number that the institution gave, `login` the name in the system.
    """

    id: str
    name: str = ""
    email: str = ""
    sid: str = ""
    login: str = ""


class Submission(msgspec.Struct, frozen=True):
    """One file of one student for one exercise, by the exercise's full name ("05_leaf_and_grad").

    `source` names the roster that it came with, `path` the place in it. `at` is the Unix time at which it was handed
    in, None where the roster does not tell; `late` is what the roster itself says. `note` says what was done with it
    ("a notebook: …"), `problem` why it has no text and gets nothing.
    """

    student: str
    exercise: str
    source: str
    path: str
    text: str = ""
    sha256: str = ""
    at: float | None = None
    late: bool = False
    note: str = ""
    problem: str = ""
    id: int = 0


class Stray(msgspec.Struct, frozen=True):
    """A file that was handed in and belongs to no exercise of the course."""

    source: str
    path: str
    student: str
    why: str


class Result(msgspec.Struct, frozen=True):
    """What a submission came to on one device under one seed.

    `depends` maps what it depends on ("text", "checks", "code", …) to hashes and values. `verdict_json` is the verdict
    as reports/verdict.schema.json describes one, empty unless `state` is done. `doubtful` marks a timeout that is to be
    tried once more. `tries` counts gradings, `at` is the Unix time of the last, `seconds` how long it took, `machine`
    where.
    """

    key: str
    exercise: str
    device: str
    seed: int
    depends: Mapping[str, str] = {}
    state: State = State.PENDING
    outcome: str = ""
    verdict_json: str = ""
    fault: str = ""
    tries: int = 0
    at: float = 0.0
    seconds: float = 0.0
    machine: str = ""
    doubtful: bool = False

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None unless the result is done."""
        return Verdict.from_dict(json.loads(self.verdict_json)) if self.verdict_json else None

    @property
    def isolation(self) -> tuple[str, ...]:
        """How the submission was confined."""
        return self.verdict.isolation if self.verdict else ()


class Planned(msgspec.Struct, frozen=True):
    """That a submission is graded on a device: its result is kept under `key`, that before a regrade under `before`."""

    submission: int
    device: str
    key: str
    before: str = ""
