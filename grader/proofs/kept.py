"""Keeps what earlier proofs came to, by a hash of all that it depends on: once that changes, it is proved anew."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.record import depends

# What an audit's findings come from: the code that a verdict comes from, and what judges the known answers.
CODE = (*depends.CODE, "proofs/audit.py", "proofs/reach.py", "proofs/accelerator")
DATA = depends.DATA


class Kept:
    """What was proved of one exercise: for each key, a yes or no. `afresh` forgets what an earlier run kept."""

    def __init__(self, exercise: Exercise, kind: str, *, afresh: bool = False) -> None:
        self._file = places.workspace().verdicts / kind / f"{exercise.name}.json"
        self._exercise = exercise
        self._known = {} if afresh else _read(self._file)
        self.used: dict[str, bool] = {}

    def key(self, *parts: object) -> str:
        """Return a hash of these parts and of all that every verdict on the exercise depends on."""
        everything = (*map(str, parts), depends.exercise_hash(self._exercise), surroundings())
        return hashlib.sha256("\0".join(everything).encode()).hexdigest()

    def get(self, key: str) -> bool | None:
        """Return what is kept under a key, None where nothing is."""
        found = self._known.get(key)
        if found is not None:
            self.used[key] = found
        return found

    def add(self, key: str, found: bool) -> None:
        """Keep what was found."""
        self.used[key] = found

    def write(self, found: dict[str, bool]) -> None:
        """Keep what one run used, in place of what was kept; where nothing can be written, nothing is kept."""
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._file.with_suffix(f".{os.getpid()}")
            unfinished.write_text(json.dumps(found))
            unfinished.replace(self._file)


def _read(file: Path) -> dict[str, bool]:
    """Return what a file holds; what cannot be read is proved again."""
    try:
        read = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    found = read if isinstance(read, dict) else {}
    return {key: value for key, value in found.items() if isinstance(value, bool)}


@functools.cache
def surroundings() -> str:
    """Return a hash of what the verdicts on every exercise depend on: code, data, versions, machine."""
    installed = sorted(f"{each.name} {each.version}" for each in importlib.metadata.distributions())
    machine = [platform.python_version(), platform.platform(), platform.machine()]
    return hashlib.sha256("\0".join([depends.code_hash(CODE, DATA), *machine, *installed]).encode()).hexdigest()
