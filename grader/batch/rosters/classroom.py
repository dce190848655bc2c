"""Repositories of a git classroom, cloned side by side, ASSIGNMENT-STUDENT: what was committed last is graded.

They are read without git: a repository's own settings can make git run programs.
"""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from grader import files
from grader.batch.extra import needed
from grader.batch.rosters.handed_in import HandedIn
from grader.batch.rosters.names import decoded
from grader.batch.rosters.tree import LITTER, LITTER_FILES, Tree
from grader.record.rows import Student
from grader.units import size

MOST_FILES = 10_000  # of one repository
BORROWED = ("commondir", "objects/info/alternates")  # by these a repository has what lies elsewhere
FILE, LINK = 0o100000, 0o120000


def fits(tree: Tree) -> bool:
    """Return whether there are repositories, other than the folder itself."""
    return any(each != "." for each in tree.repositories)


def read(tree: Tree) -> Iterator[HandedIn]:
    """Yield every file that a repository holds in its last commit, with the time of that commit as its author says."""
    repositories = sorted(each for each in tree.repositories if each != ".")
    prefix = _common([Path(each).name for each in repositories])
    for each in repositories:
        login = Path(each).name.removeprefix(prefix)
        yield from _committed(tree.root / each, each, Student(login, login, login=login))


def _common(names: list[str]) -> str:
    """Return what all names begin with, up to a dash: the assignment's own name."""
    first, last = min(names).split("-"), max(names).split("-")
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first[:-1], last[:-1], strict=False))
    return "".join(f"{part}-" for part, _ in same) if len(names) > 1 else ""


def _committed(root: Path, path: str, student: Student) -> Iterator[HandedIn]:
    needed("dulwich.repo", "read repositories")
    from dulwich.repo import Repo

    try:
        if any((root / ".git" / name).exists() for name in BORROWED):
            raise ValueError
        with Repo(str(root)) as repository:
            commit: Any = repository[repository.head()]
            for name, item in _items(repository, commit.tree):
                yield HandedIn(
                    student, f"{path}/{name}", name.rpartition("/")[2], partial(_blob, root, item.mode, item.sha),
                    float(commit.commit_time),
                )  # fmt: skip
    except Exception as error:  # whatever a damaged repository raises
        why = "has no commit" if isinstance(error, KeyError) else f"is no sound repository ({type(error).__name__})"
        yield HandedIn(student, path, root.name, _nothing, why=why)


def _nothing(_: int) -> bytes:
    return b""


def _items(repository: Any, tree: Any) -> Iterator[tuple[str, Any]]:
    from dulwich.object_store import iter_tree_contents

    for number, item in enumerate(iter_tree_contents(repository.object_store, tree)):
        [name] = decoded([item.path])
        parts = name.split("/")
        if number < MOST_FILES and not LITTER & set(parts) and parts[-1] not in LITTER_FILES:
            yield name, item


def _blob(root: Path, mode: int, sha: bytes, most: int) -> bytes:
    from dulwich.repo import Repo

    if mode & 0o170000 != FILE:
        what = "a link; links are not followed here" if mode & 0o170000 == LINK else "another repository, not a file"
        raise files.Unfit(errno.ELOOP, f"is {what}")
    with Repo(str(root)) as repository:
        data: bytes = repository[sha].as_raw_string()
    if len(data) > most:
        raise files.Unfit(errno.EFBIG, f"holds more than {size(most)}, which is too much")
    return data
