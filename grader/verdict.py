"""What a grading came to: frozen values, from single checks up to reports on several exercises."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 3
LOADING = "importing your file"  # what was called where it did not come to a step


class Outcome(StrEnum):
    """How a check, a step or an exercise ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_STARTED = "not_started"
    RAISED = "raised"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"


# Where checks of one step ended differently, the step bears the first of these that occurs.
GRAVEST_FIRST = (
    Outcome.REFUSED, Outcome.CRASHED, Outcome.TIMEOUT, Outcome.RAISED, Outcome.FAILED,
    Outcome.NOT_STARTED, Outcome.BLOCKED, Outcome.UNAVAILABLE, Outcome.PASSED,
)  # fmt: skip


def gravest(outcomes: list[Outcome]) -> Outcome:
    """Return the outcome that stands for all of them; nothing at all is a failure, not a pass."""
    return next((each for each in GRAVEST_FIRST if each in outcomes), Outcome.FAILED)


@dataclass(frozen=True)
class SourceLine:
    """A line of the learner's file: its number, its text, and the function around it."""

    number: int
    text: str
    function: str


@dataclass(frozen=True)
class Picture:
    """A part of what was expected and of what came back, side by side, around the place where they differ most.

    A cell is a number or a shade, from `·` for the smallest to `█`. Each row of `marks` has a sign for each cell:
    `↑` too large, `↓` too small, `≠` different otherwise, and a space where both agree. `part` says which part it is.
    """

    part: str
    expected: tuple[tuple[str, ...], ...]
    got: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """Where and how what came back differs from what was expected.

    `count` of `total` elements differ, most of all the one at `worst`; `pattern` says in words what holds of all.
    """

    count: int = 0
    total: int = 0
    worst: tuple[int, ...] = ()
    pattern: str = ""
    picture: Picture | None = None


@dataclass(frozen=True)
class Graphs:
    """The autograd graph behind what came back as lines of a tree, and what was expected of it, in lines too."""

    got: tuple[str, ...]
    expected: tuple[str, ...]


@dataclass(frozen=True)
class CheckResult:
    """One hidden check: what it asks for, how it ended, and what a learner needs to understand that.

    `said` is one sentence on what happened; `got`, `expected` and `detail` are empty where they do not apply.
    `called` is told as a learner would say it; `details` holds what it was given, where that is not all of it.
    """

    check: str
    headline: str
    outcome: Outcome
    said: str = ""
    called: str = ""
    got: str = ""
    expected: str = ""
    detail: str = ""
    misconception: str | None = None
    lines: tuple[SourceLine, ...] = ()
    printed: str = ""
    seconds: float = 0.0
    difference: Difference | None = None
    details: str = ""
    graphs: Graphs | None = None


@dataclass(frozen=True)
class StepResult:
    """One step: a function or class that the learner writes, and the line where it begins, 0 where it is missing."""

    name: str
    outcome: Outcome
    checks: tuple[CheckResult, ...]
    line: int = 0

    @property
    def passed(self) -> int:
        """How many of its checks passed."""
        return sum(check.outcome is Outcome.PASSED for check in self.checks)

    @property
    def counted(self) -> str:
        """The same in words: "1 of 3 checks"."""
        total = len(self.checks)
        return f"{self.passed} of {total} check{'' if total == 1 else 's'}"


@dataclass(frozen=True)
class Verdict:
    """One submission to one exercise on one device."""

    exercise: str
    title: str
    submission: str
    sha256: str
    device: str
    seed: int
    outcome: Outcome
    steps: tuple[StepResult, ...]
    isolation: tuple[str, ...]
    versions: dict[str, str]
    seconds: float
    said: str = ""

    @property
    def passed(self) -> bool:
        """Whether every check of every step passed."""
        return self.outcome is Outcome.PASSED

    @property
    def first_open_step(self) -> str:
        """The first step that did not pass; empty where all did."""
        return next((step.name for step in self.steps if step.outcome is not Outcome.PASSED), "")

    @property
    def failed_steps(self) -> set[str]:
        """The steps that were graded and did not pass."""
        return {step.name for step in self.steps if step.outcome not in (Outcome.PASSED, Outcome.BLOCKED)}

    @property
    def score(self) -> tuple[int, int]:
        """Steps passed, and steps in all."""
        return sum(step.outcome is Outcome.PASSED for step in self.steps), len(self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as `from_dict` takes it."""
        passed, total = self.score
        return asdict(self) | {"score": {"passed": passed, "total": total}}

    @classmethod
    def from_dict(cls, data: object) -> Verdict:
        """Return the verdict that `to_dict` wrote; raise ValueError for anything else."""
        import msgspec  # only here: a command that shows no verdict is to answer at once

        try:
            return msgspec.convert(data, cls)
        except (msgspec.ValidationError, RecursionError) as error:
            raise ValueError(f"not a verdict: {error}") from None
