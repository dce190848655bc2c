"""Brings an exercise back to how it was handed out, and keeps what a learner wrote."""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from grader import files
from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, exercises
from grader.errors import UsageError

MAX_VERSIONS = 100


def keep_untouched() -> None:
    """Keep a copy of every exercise that nobody has touched yet, for a checkout that has no history."""
    if not _is_handed_out_in_place():
        return
    folder = places.workspace().kept_stubs
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for exercise in exercises():
            copy = folder / exercise.stub.name
            if not copy.exists() and is_untouched(exercise, text := read(exercise.stub)):
                write(copy, text)


def reset(exercise: Exercise) -> Path | None:
    """Put the stub in place of the learner's file; return where that now lies, None where there was nothing to keep."""
    text, stub = _read_or_refuse(exercise), untouched(exercise)
    if _same(text, stub):
        raise UsageError(f"{exercise.stub.name} is as it was handed out; there is nothing to reset")
    return _replace(exercise, text, stub)


def undo(exercise: Exercise) -> Path:
    """Put the last backup that differs back in place; return which. What is there now is kept unless it is the stub."""
    text = _read_or_refuse(exercise)
    for backup in sorted(_backups(exercise).glob("*.py"), reverse=True):
        before = read(backup)
        if before and before != text:
            _replace(exercise, "" if _is_the_stub(exercise, text) else text, before)
            return backup
    raise UsageError(f"there is no backup of {exercise.stub.name} that differs from it")


def replace(exercise: Exercise, by: str) -> Path | None:
    """Put another text in place of the learner's file; return where that now lies, None where nothing was to keep."""
    text = _read_or_refuse(exercise)
    return None if text == by else _replace(exercise, "" if _is_the_stub(exercise, text) else text, by)


def _replace(exercise: Exercise, text: str, by: str) -> Path | None:
    """Write another text into the learner's file, once what is there now is kept; return where."""
    try:
        kept = back_up(_backups(exercise), text) if text.strip() else None
    except OSError as error:
        folder = _backups(exercise)
        raise UsageError(f"no backup can be kept in {folder} ({error.strerror}); nothing was changed") from None
    try:
        write(exercise.stub, by)
    except OSError as error:
        raise UsageError(f"{exercise.stub} cannot be written ({error.strerror}); nothing was changed") from None
    return kept


def _read_or_refuse(exercise: Exercise) -> str:
    """Return the learner's file, empty where there is none; what cannot be read is not to be replaced either."""
    try:
        return _text(files.read(exercise.stub))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(f"{exercise.stub} cannot be read ({error.strerror}); nothing was changed") from None


def _is_the_stub(exercise: Exercise, text: str) -> bool:
    """Return whether nothing is lost with this text: it can be had again."""
    try:
        return _same(text, untouched(exercise))
    except UsageError:
        return False


def _same(text: str, other: str) -> bool:
    """Return whether two texts differ in nothing but how their lines end, as a checkout by git on Windows does."""
    return text.splitlines() == other.splitlines()


def back_up(folder: Path, text: str) -> Path:
    """Keep a text as the newest backup in a folder, never over another one; raise OSError where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    for number in itertools.count(1):
        path = folder / f"{stamp}-{number:02}.py"
        with contextlib.suppress(FileExistsError):
            path.touch(exist_ok=False)  # the name is ours now, whoever else backs up at this moment
            break
    write(path, text)
    return path


def _is_handed_out_in_place() -> bool:
    """Return whether the learner fills in the curriculum's own files, as in a checkout."""
    return places.workspace().exercises == places.curriculum().stubs


def untouched(exercise: Exercise) -> str:
    """Return the exercise as it was handed out: from the package; in a checkout from its history, or a copy."""
    if not places.in_checkout():
        return read(exercise.handed_out)
    git, file = _Git(exercise.handed_out.parent), exercise.handed_out
    kept = places.Workspace(file.parents[1]).kept_stubs / file.name
    as_it_is: tuple[str, ...] = () if _is_handed_out_in_place() else (read(file),)
    texts = (*git.versions(file.name), read(kept), *as_it_is)
    for text in texts:
        if is_untouched(exercise, text):
            return text
    raise UsageError(
        f"there is no untouched {exercise.stub.name}: there is no copy in .grader/stubs, and {git.complaint}. "
        "Get that file again from where you got the exercises"
    )


def is_untouched(exercise: Exercise, text: str) -> bool:
    """Return whether every step is there and none of them is written."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes and the like, which are not asked for here
            tree = ast.parse(text.removeprefix("\ufeff"))  # as an editor may have put it there
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: brackets nested without end
        return False
    steps = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    found = {node.name: is_unwritten(node) for node in steps if node.name in exercise.steps}
    return found.keys() == set(exercise.steps) and all(found.values())


def is_unwritten(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Return whether a step has places to fill in, and each of them holds its text and the raise alone."""
    functions = [each for each in ast.walk(node) if isinstance(each, ast.FunctionDef)]
    return bool(functions) and all(_is_open(each) for each in functions)


def _is_open(function: ast.FunctionDef) -> bool:
    *before, last = function.body
    only_text = all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in before)
    return only_text and isinstance(last, ast.Raise) and "NotImplementedError" in ast.dump(last)


class _Git:
    """Asks git about a folder; `complaint` says why there is no history."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.complaint = "this folder has no git history of it"

    def versions(self, name: str) -> Iterator[str]:
        """Yield the committed versions of a file, the newest first; none where there is no git or no history."""
        for commit in self._ask("log", f"--max-count={MAX_VERSIONS}", "--format=%H", "--", name).split():
            yield self._ask("show", f"{commit}:./{name}")

    def _ask(self, *arguments: str) -> str:
        # The folder may belong to another user, as in a container; its grader is trusted, for it runs at this moment.
        command = ["git", "-c", "safe.directory=*", *arguments]
        try:
            done = subprocess.run(command, cwd=self._folder, capture_output=True, check=False, timeout=30)
        except FileNotFoundError:
            self.complaint = "git is not installed"
            return ""
        except (OSError, subprocess.TimeoutExpired) as error:
            self.complaint = f"git did not answer ({error})"
            return ""
        if done.returncode:
            self.complaint = f"git says: {_text(done.stderr).strip().partition(chr(10))[0]}"
        return _text(done.stdout) if done.returncode == 0 else ""


def _backups(exercise: Exercise) -> Path:
    return places.workspace().backups / exercise.name


def read(path: Path) -> str:
    """Return a file as text, byte for byte; empty where there is none."""
    try:
        return _text(files.read(path))
    except OSError:
        return ""


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="surrogateescape")


def write(path: Path, text: str) -> None:
    """Write a text, byte for byte as it was read."""
    write_bytes(path, text.encode("utf-8", errors="surrogateescape"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none of it; through a link, so that the link stays."""
    path = path.resolve()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        with contextlib.suppress(FileNotFoundError):
            unfinished.chmod(path.stat().st_mode)
        files.patiently(lambda: unfinished.replace(path))
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
