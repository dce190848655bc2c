"""Writes files that were not there before: whole or not at all, and never over another one."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from grader.errors import UsageError

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content makes the same archive
PLAIN, EXECUTABLE = 0o644, 0o755


def require_new(path: Path) -> None:
    """Raise UsageError where something lies at this path already."""
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already, and nothing is written over; name another one")


def write_new(path: Path, content: bytes, *, executable: bool = False) -> None:
    """Write a file into a folder that is there; raise UsageError where it cannot be written, or is there already."""
    require_new(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.chmod(EXECUTABLE if executable else PLAIN)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def require_empty(folder: Path) -> None:
    """Raise UsageError where there is a folder with something in it, or anything else."""
    try:
        there = min((each.name for each in folder.iterdir()), default="") if os.path.lexists(folder) else ""
    except OSError as error:
        raise UsageError(f"{folder} is no folder ({error.strerror}); name a new or an empty one") from None
    if there:
        raise UsageError(f"{folder} is not empty (it holds {there}); name a new or an empty folder")


def make_folder(folder: Path) -> None:
    """Make a folder, or take one that is empty; raise UsageError for any other."""
    require_empty(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from None


def write_tree(folder: Path, contents: Mapping[str, bytes], *, executable: Collection[str] = ()) -> None:
    """Write files by their paths inside of a folder, none of them where one of them is there already."""
    for name in contents:
        require_new(folder / name)
    for name, content in contents.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{path.parent} cannot be made: {error.strerror}") from None
        write_new(path, content, executable=name in executable)


def zipped(contents: Mapping[str, bytes], *, executable: Collection[str] = ()) -> bytes:
    """Return files as a zip, by their paths in it; the same files make the same bytes."""
    with io.BytesIO() as held:
        with zipfile.ZipFile(held, "w") as archive:
            for name, content in contents.items():
                archive.writestr(_entry(name, executable=name in executable), content, zipfile.ZIP_DEFLATED, 9)
        return held.getvalue()


def _entry(name: str, *, executable: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system = 3  # Unix, wherever it is made: what follows are its modes
    entry.external_attr = (stat.S_IFREG | (EXECUTABLE if executable else PLAIN)) << 16
    return entry
