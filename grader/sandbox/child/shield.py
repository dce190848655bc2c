"""Keeps the grader's own files out of reach where they lie among Python's packages: checks, solutions and all."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

OWN = Path(__file__).resolve().parents[2]


class Reach(NamedTuple):
    """What can be read, and folders of which only the names of what lies in them can be read."""

    read: tuple[str, ...]
    listed: tuple[str, ...]


def around(paths: Iterable[str], hidden: Path = OWN) -> Reach:
    """Return how to reach all that lies in these files and folders but `hidden`."""
    read: set[str] = set()
    listed: set[str] = set()
    for path in paths:
        if hidden.is_relative_to(Path(path).resolve()):
            listed.add(path)  # an import looks at the names in a folder before it opens anything there
            read |= _beside(Path(path).resolve(), hidden)
        else:
            read.add(path)
    return Reach(tuple(sorted(read)), tuple(sorted(listed)))


def _beside(folder: Path, hidden: Path) -> set[str]:
    """Return all that lies in a folder but `hidden`, which lies somewhere in it."""
    found: set[str] = set()
    while folder != hidden:
        # Neither the way to what is hidden nor a link that leads round to it.
        found.update(str(each) for each in folder.iterdir() if not hidden.is_relative_to(each.resolve()))
        folder /= hidden.relative_to(folder).parts[0]
    return found


def readable_by_python() -> tuple[str, ...]:
    """Return the folders that the interpreter, its packages and the system's libraries lie in."""
    paths = sysconfig.get_paths()
    own = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    own |= {str(Path(sys.base_prefix, "lib")), str(Path(sys.prefix, "lib")), str(Path(sys.prefix, "pyvenv.cfg"))}
    own |= {entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")}
    return tuple(sorted(own))
