"""Brings an exercise back to how it was handed out, and keeps what a learner wrote."""

from __future__ import annotations

import ast
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from grader.catalogue import ROOT, Exercise, exercises
from grader.errors import UsageError

FOLDER = ROOT / ".grader"
MAX_VERSIONS = 100


def keep_untouched() -> None:
    """Keep a copy of every exercise that nobody has touched yet, for a checkout that has no history."""
    folder = FOLDER / "stubs"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for exercise in exercises():
            copy = folder / exercise.stub.name
            if not copy.exists() and is_untouched(exercise, text := read(exercise.stub)):
                _write(copy, text)


def reset(exercise: Exercise) -> Path | None:
    """Put the stub in place of the learner's file; return where that now lies, None where there was nothing to keep."""
    text, stub = read(exercise.stub), untouched(exercise)
    if text == stub:
        raise UsageError(f"{exercise.stub.name} is as it was handed out; there is nothing to reset")
    try:
        backup = back_up(exercise, text) if text.strip() else None
        _write(exercise.stub, stub)
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written ({error.strerror}); nothing was changed") from None
    return backup


def undo(exercise: Exercise) -> Path:
    """Put the last backup that differs back in place; return which. What is there now is kept unless it is the stub."""
    text = read(exercise.stub)
    for backup in sorted(_backups(exercise).glob("*.py"), reverse=True):
        if (before := read(backup)) != text:
            try:
                if text.strip() and not is_untouched(exercise, text):
                    back_up(exercise, text)
                _write(exercise.stub, before)
            except OSError as error:
                raise UsageError(
                    f"{error.filename} cannot be written ({error.strerror}); nothing was changed"
                ) from None
            return backup
    raise UsageError(f"there is no backup of {exercise.stub.name} that differs from it")


def back_up(exercise: Exercise, text: str) -> Path:
    """Keep a text as the newest backup of an exercise, never over another one."""
    folder = _backups(exercise)
    folder.mkdir(parents=True, exist_ok=True)
    stamp, number = time.strftime("%Y-%m-%d-%H%M%S"), 1
    while (path := folder / f"{stamp}-{number:02}.py").exists():
        number += 1
    _write(path, text)
    return path


def untouched(exercise: Exercise) -> str:
    """Return the exercise as it was handed out: from the history of the checkout, or from the copy that was kept."""
    texts = (*_versions(exercise.stub), read(FOLDER / "stubs" / exercise.stub.name))
    for text in texts:
        if is_untouched(exercise, text):
            return text
    raise UsageError(
        f"no untouched {exercise.stub.name} is at hand: this folder has no git history and no copy in .grader/stubs. "
        "Fetch that file again from where you got the exercises"
    )


def is_untouched(exercise: Exercise, text: str) -> bool:
    """Return whether every step is there and none of them is written."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    steps = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    found = {node.name: _is_unwritten(node) for node in steps if node.name in exercise.steps}
    return found.keys() == set(exercise.steps) and all(found.values())


def _is_unwritten(node: ast.FunctionDef | ast.ClassDef) -> bool:
    functions = [each for each in ast.walk(node) if isinstance(each, ast.FunctionDef)]
    return any(isinstance(each.body[-1], ast.Raise) and _says_not_implemented(each.body[-1]) for each in functions)


def _says_not_implemented(node: ast.Raise) -> bool:
    return "NotImplementedError" in ast.dump(node)


def _versions(path: Path) -> Iterator[str]:
    """Yield the committed versions of a file, the newest first; none where there is no git or no history."""
    for commit in _git("log", f"--max-count={MAX_VERSIONS}", "--format=%H", "--", path.name, cwd=path.parent).split():
        yield _git("show", f"{commit}:./{path.name}", cwd=path.parent)


def _git(*arguments: str, cwd: Path) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""


def _backups(exercise: Exercise) -> Path:
    return FOLDER / "backup" / exercise.name


def read(path: Path) -> str:
    """Return a file as text, byte for byte; empty where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    """Write a whole file or none of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8", errors="surrogateescape")
        unfinished.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
