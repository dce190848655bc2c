"""Which roster it is: told apart by looking, or forced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from grader import files
from grader.batch.rosters import canvas, classroom, folders, gradescope, manifest, moodle
from grader.batch.rosters.handed_in import HandedIn
from grader.batch.rosters.tree import Tree, open_tree
from grader.errors import UsageError


class Roster(NamedTuple):
    """A format: how to see that it is this one, and how to read it."""

    what: str
    fits: Callable[[Tree], bool]
    read: Callable[[Tree], Iterator[HandedIn]]


# In the order in which they are tried: a folder for each student is what is left.
ROSTERS = {
    "gradescope": Roster("Gradescope's export", gradescope.fits, gradescope.read),
    "moodle": Roster("Moodle's zip", moodle.fits, moodle.read),
    "canvas": Roster("Canvas's zip", canvas.fits, canvas.read),
    "classroom": Roster("repositories of a git classroom", classroom.fits, classroom.read),
    "folders": Roster("a folder for each student", folders.fits, folders.read),
}
MANIFEST = "manifest"
NAMES = (*ROSTERS, MANIFEST)


class Read(NamedTuple):
    """What was read: under which name it is kept, what to call it, what it is, and every file."""

    source: str
    name: str
    what: str
    handed_in: Iterator[HandedIn]


def read_roster(path: Path, forced: str = "", encoding: str = "") -> Read:
    """Return what was handed in; raise UsageError where nothing can be made of it.

    `forced` names the roster where looking is not to decide, `encoding` that of the names in a zip.
    """
    if forced == MANIFEST or (not forced and path.suffix.lower() == ".csv"):
        return Read(_source(path), path.name, "a manifest", manifest.read(path))
    tree = open_tree(path, encoding)
    if not tree.leaves and not tree.repositories:
        raise UsageError(f"{files.shown(path)} is empty: nobody handed in anything")
    name = forced or next((name for name, each in ROSTERS.items() if each.fits(tree)), "")
    if not name:
        said = f"{files.shown(path)} is no roster: it holds neither students' folders nor a system's download"
        raise UsageError(f"{said}; --roster takes {', '.join(NAMES)}")
    return Read(_source(path), tree.name, ROSTERS[name].what, ROSTERS[name].read(tree))


def _source(path: Path) -> str:
    """Return what identifies a roster: where it lies, so that it is known again when it is read again."""
    return files.shown(path.resolve())
