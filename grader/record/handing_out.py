"""Hands out files to a workspace, the first time and again, and never takes away what a learner wrote.

Each file goes three ways: untouched, it is replaced; changed by one side, that side's stays; changed by both, the
learner's stays and the new one lies beside it. Every file is written whole, and the mark follows each of them: ended
anywhere, it can be done again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path

from grader import __version__, files
from grader.catalogue.mark import Mark
from grader.catalogue.places import Workspace
from grader.errors import UsageError
from grader.record.workspace import back_up, read, write_bytes
from grader.units import MB

MOST = 16 * MB  # of one file
AGAIN = "all that was brought before it is whole, and the same command goes on from there"


class Came(Enum):
    """What came of one file."""

    NEW = auto()
    CHANGED = auto()
    BESIDE = auto()
    STAYS = auto()


def hand_out(workspace: Workspace, mark: Mark, handed: Mapping[str, bytes]) -> Iterator[tuple[str, Came]]:
    """Bring files to a workspace, each by its path there; yield those with which something happened.

    Only at the end does the mark say that the workspace is of this version.
    """
    _write_mark(workspace, mark)
    for name, content in handed.items():
        before, now = mark.handed_out.get(name), files.text_hash(content)
        came = _bring(workspace, name, content, before)
        if before != now:
            mark = mark.with_file(name, now)
            _write_mark(workspace, mark)
        if came is not Came.STAYS:
            yield name, came
    _write_mark(workspace, replace(mark, program=__version__))


def put_new(path: Path, content: bytes) -> bool:
    """Write a file where none is, and the folder that it lies in; return whether it has this content now."""
    if path.exists():
        return _hash(path) == files.text_hash(content)
    _write(path, content)
    return True


def _write_mark(workspace: Workspace, mark: Mark) -> None:
    _write(workspace.mark, mark.text.encode())


def beside(name: str) -> str:
    """Return where the new text of a file lies that both sides changed."""
    path = Path(name)
    return str(path.with_name(f"{path.stem}.new{path.suffix}"))


def _bring(workspace: Workspace, name: str, content: bytes, before: str | None) -> Came:
    path, now = workspace.root / name, files.text_hash(content)
    there = _hash(path)
    if there == now:
        return Came.STAYS
    if there in ("", before):
        _write(path, content)
        return Came.CHANGED if there else Came.NEW
    if now == before:
        return Came.STAYS
    _lay_beside(workspace, workspace.root / beside(name), content)
    return Came.BESIDE


def _lay_beside(workspace: Workspace, path: Path, content: bytes) -> None:
    """Write the new text of a file; what a learner made of an earlier one is kept."""
    if _hash(path) in ("", files.text_hash(content)):
        return _write(path, content)
    try:
        back_up(workspace.backups / path.stem, read(path))
    except OSError as error:
        raise UsageError(f"no backup can be kept in {workspace.backups} ({error.strerror}); {AGAIN}") from None
    return _write(path, content)


def _read(path: Path) -> bytes:
    try:
        return files.read(path, most=MOST)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); {AGAIN}") from None


def _hash(path: Path) -> str:
    """Return what identifies a file's text; empty where there is no file."""
    return files.text_hash(_read(path)) if path.exists() else ""


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.resolve())
        write_bytes(path, content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}); {AGAIN}") from None


def _sweep(path: Path) -> None:
    """Remove what an earlier writing of this file left when it was ended."""
    for left in path.parent.glob(f".{path.name}.*"):
        if left.suffix.removeprefix(".").isdecimal():
            with contextlib.suppress(OSError):
                left.unlink()
