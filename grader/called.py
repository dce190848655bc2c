"""How this program was called, for messages that name one of its commands."""

from __future__ import annotations

import os
from pathlib import Path

SCRIPT = "katas"
_VARIABLE = "GRADER_CALLED"  # a process that judges is told with the environment


def keep(first_argument: str) -> None:
    """Keep how the program was called, from what the system hands over as its name."""
    os.environ[_VARIABLE] = SCRIPT if Path(first_argument).stem == SCRIPT else "python -m grader"


def program() -> str:
    """Return what a learner types to run this program."""
    return os.environ.get(_VARIABLE, "python -m grader")
