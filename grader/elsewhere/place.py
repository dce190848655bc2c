"""What places that grade have in common: a task, what was handed in, and a file in which the results go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from grader.errors import GraderError
from grader.record.workspace import write_bytes


class Place(Protocol):
    """Where another system grades one submission."""

    @property
    def task(self) -> Path:
        """What is to be graded."""

    @property
    def results(self) -> Path:
        """What the system reads."""

    def grade(self) -> None:
        """Grade what was handed in and leave the results; raise GraderError, and leave none, for a fault."""


def require_folder(folder: Path) -> None:
    """Raise GraderError unless a folder is where the contract says."""
    if not folder.is_dir():
        raise GraderError(f"there is no folder {folder}")


def leave(path: Path, document: dict[str, Any]) -> None:
    """Write results as JSON, whole or not at all; raise GraderError where that cannot be done."""
    leave_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def leave_text(path: Path, text: str) -> None:
    """Write a file for the system to read, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, text.encode())
    except OSError as error:
        raise GraderError(f"{path} cannot be written: {error.strerror}") from None
