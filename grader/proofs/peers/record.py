"""What was measured so far, a line of JSON for each thing, so that a run that was ended can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.proofs.peers.endings import Ending
from grader.proofs.peers.submissions import Kind


@dataclass(frozen=True)
class Trial:
    """One submission through one tool, in a fresh process."""

    tool: str
    kind: Kind
    submission: str
    ending: Ending
    seconds: float

    @property
    def is_as_expected(self) -> bool:
        """Whether the right was accepted, or what is not right refused."""
        return self.ending is (Ending.ACCEPTED if self.kind is Kind.RIGHT else Ending.REFUSED)


@dataclass(frozen=True)
class Extra:
    """What is measured once for a tool: seconds in a process that stays, and memory."""

    tool: str
    warm_seconds: list[float]
    peak_mb: float


class Record:
    """Keeps trials and extras in a file; begins anew unless it is to go on with the same versions and seed."""

    def __init__(self, path: Path, about: Mapping[str, object], *, go_on: bool) -> None:
        self._path = path
        self.trials: dict[tuple[str, str, str], Trial] = {}
        self.extras: dict[str, Extra] = {}
        head = json.dumps(about, sort_keys=True)
        lines = path.read_text(encoding="utf-8").splitlines() if go_on and path.exists() else []
        if lines[:1] == [head]:
            for line in lines[1:]:
                self._remember(json.loads(line))
        else:
            path.write_text(head + "\n", encoding="utf-8")

    def _remember(self, row: dict[str, object]) -> None:
        if "submission" in row:
            trial = Trial(**row)  # type: ignore[arg-type]
            key = (trial.tool, trial.kind, trial.submission)
            self.trials[key] = Trial(
                trial.tool, Kind(trial.kind), trial.submission, Ending(trial.ending), trial.seconds
            )
        else:
            extra = Extra(**row)  # type: ignore[arg-type]
            self.extras[extra.tool] = extra

    def add(self, measured: Trial | Extra) -> None:
        """Keep what was measured."""
        row = asdict(measured)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._remember(row)
