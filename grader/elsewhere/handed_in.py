"""Finds a student's file for an exercise among all that was handed in; nothing of it is followed or run."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from grader import files
from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.harmless import one_line

MOST_FILES = 2000
LEFT_OUT = {"__MACOSX", "__pycache__", ".git", ".grader", ".venv"}


def find_file(exercise: Exercise, folder: Path) -> Path:
    """Return the file: by its name, or else the only one that defines steps; raise UsageError for none or several."""
    found = sorted(_files(folder), key=lambda path: (len(path.parts), path))
    named = [path for path in found if path.name in (f"{exercise.name}.py", f"{exercise.slug}.py")]
    if named:
        return named[0]
    if like := [path for path in found if _defines_a_step(exercise, path)]:
        if len(like) == 1:
            return like[0]
        raise UsageError(f"several files could be {exercise.name}.py ({_names(like, folder)}); give it that name")
    there = _names(found, folder) or "no Python file"
    raise UsageError(f"there is no {exercise.name}.py in what was handed in, which holds {there}")


def _files(folder: Path) -> Iterator[Path]:
    """Yield Python files, but no links; never more than anybody hands in."""
    left = MOST_FILES
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            left -= 1
            if left < 0:
                return
            if name.endswith(".py") and not name.startswith("."):
                yield Path(where, name)


def _names(paths: list[Path], folder: Path) -> str:
    shown = [one_line(files.shown(each.relative_to(folder))) for each in paths[:3]]
    return ", ".join([*shown, *(["…"] if len(paths) > len(shown) else [])])


def _defines_a_step(exercise: Exercise, path: Path) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(files.read(path, follow_links=False))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(getattr(node, "name", "") in exercise.steps for node in tree.body)
