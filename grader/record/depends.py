"""What a verdict depends on beside the submission: once any of it changes, a verdict that was kept is stale."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.record.progress import checks_hash

# The code that a verdict comes from: all of these rooms, and files.
CODE = ("judging", "vocabulary", "sandbox", "catalogue", "curriculum/preload", "compare.py", "verdict.py", "seeds.py",
        "torchvision_cpu.py")  # fmt: skip
DATA = ("digits", "weights")
DISTRIBUTION = "pytorch-katas"


def code_hash(names: Sequence[str] = CODE, data: Sequence[str] = DATA) -> str:
    """Return a hash of the code and the data that the verdicts on every exercise depend on."""
    parts = hashlib.sha256()
    folders = (places.curriculum().data / name for name in data)
    for path in _files(*(places.PACKAGE / name for name in names), *folders):
        parts.update(path.read_bytes())
    return parts.hexdigest()


def here() -> str:
    """Return a hash of the code and the versions with which verdicts are made here."""
    return hashlib.sha256(f"{code_hash()}\0{versions()}".encode()).hexdigest()


def exercise_hash(exercise: Exercise) -> str:
    """Return a hash of what the verdicts on one exercise depend on: checks, probe, its row in the curriculum."""
    return hashlib.sha256(f"{exercise!r}\0{checks_hash(exercise)}".encode()).hexdigest()


@functools.cache
def versions() -> str:
    """Return Python's version and those of the packages that this project needs, as one line."""
    required = importlib.metadata.requires(DISTRIBUTION) or ()
    names = sorted({_name(each) for each in required if "extra ==" not in each}, key=str.lower)
    return ", ".join([f"python {platform.python_version()}", *(f"{name} {_version(name)}" for name in names)])


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "is missing"


def _files(*roots: Path) -> Iterator[Path]:
    for root in roots:
        found = sorted(root.rglob("*")) if root.is_dir() else [root]
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)
