"""What a tool has to offer to be compared, and what all of them share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grader.proofs.peers.endings import Ending
from grader.proofs.peers.environments import Environment
from grader.proofs.peers.submissions import PEERS

POSIX_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Work:
    """A submission laid out for a tool: what to run, where, and how to read what came of it."""

    command: list[str]
    folder: Path
    ending: Callable[[], Ending]


@dataclass(frozen=True)
class Description:
    """What a row of the table says of its tool. `cannot` maps hostile submissions to why they are not counted."""

    name: str
    package: str
    how: str
    cannot: dict[str, str] = field(default_factory=dict)


class Tool(Protocol):
    """A grader that can be measured."""

    description: Description

    def prepare(self, folder: Path) -> None:
        """Do once what a teacher does once; `folder` is the tool's for the whole run."""

    def lay_out(self, folder: Path, text: str) -> Work:
        """Write a submission into an empty folder, ready to be graded by a fresh process."""

    def warm(self, folder: Path, texts: Sequence[str]) -> Work | None:
        """Lay out several for one process, which prints the seconds of each; None where there is no such way."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that its processes get."""


def surroundings(folder: Path, seed: int, environment: Environment | None = None) -> dict[str, str]:
    """Return environment variables that are the same for every tool: a home of its own, the seed, nothing else."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    path = f"{environment.folder / 'bin'}:{POSIX_PATH}" if environment else os.environ.get("PATH", POSIX_PATH)
    return {"PATH": path, "HOME": str(folder), "TMPDIR": str(temporary), "LANG": "C.UTF-8", "KATAS_SEED": str(seed)}


def copy_expression(target: Path, *folders: str) -> Path:
    """Copy a tool's expression of the exercise, and the assertions that all of them share, into one folder."""
    for each in folders:
        shutil.copytree(PEERS / each, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PEERS / "assertions.py", target)
    return target


def read(path: Path) -> str:
    """Return a result file's text, empty where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def printed_seconds(folder: Path) -> list[float]:
    """Return the seconds that a warm process printed; none where it broke."""
    lines = [line for line in read(folder / "printed.txt").splitlines() if line.startswith("seconds ")]
    return [float(each) for each in json.loads(lines[-1].removeprefix("seconds "))] if lines else []
