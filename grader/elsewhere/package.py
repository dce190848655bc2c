"""The program as a wheel, put together from where it runs: what is installed elsewhere is what grades here."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import io
from collections.abc import Iterator
from pathlib import Path

from grader import __version__, new_files
from grader.catalogue import places
from grader.catalogue.catalogue import exercises
from grader.errors import UsageError
from grader.record.workspace import untouched

NAME = "pytorch-katas"
LEFT_OUT = {"tests", "__pycache__"}
INFO = f"pytorch_katas-{__version__}.dist-info"
OF_METADATA = ("METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE")


def wheel() -> tuple[str, bytes]:
    """Return the wheel's file name and what it holds; the same program makes the same bytes."""
    contents = dict(sorted(_program())) | dict(_metadata())
    contents[f"{INFO}/RECORD"] = _record(contents)
    return f"pytorch_katas-{__version__}-py3-none-any.whl", new_files.zipped(contents)


def _program() -> Iterator[tuple[str, bytes]]:
    package = places.PACKAGE
    yield from _tree(package, package.name)
    if places.in_checkout():
        known, tables = places.curriculum(), f"{package.name}/{places.curriculum().tables.name}"
        yield from _tree(known.solutions, f"{tables}/{known.solutions.name}")
        for folder in {folder for each in exercises() for folder in each.data}:
            yield from _tree(known.data / folder, f"{tables}/{known.data.name}/{folder}")
        # What a learner wrote into a checkout stays there.
        yield from ((f"{tables}/{known.stubs.name}/{each.name}.py", untouched(each).encode()) for each in exercises())


def _tree(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.rglob("*"):
        inside = each.relative_to(folder)
        if each.is_file() and not LEFT_OUT & set(inside.parts):
            yield f"{name}/{inside.as_posix()}", each.read_bytes()


def _metadata() -> Iterator[tuple[str, bytes]]:
    for name in OF_METADATA:
        try:
            text = importlib.metadata.distribution(NAME).read_text(name)
        except importlib.metadata.PackageNotFoundError:
            text = None
        if text is None:
            raise UsageError(f"this needs {NAME} to be installed (`python -m pip install -e .` in a checkout)")
        yield f"{INFO}/{name}", text.encode()


def _record(contents: dict[str, bytes]) -> bytes:
    """Return the list of all files with their hashes, by which pip knows what to remove later."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    for name, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{INFO}/RECORD", "", ""])
    return lines.getvalue().encode()
