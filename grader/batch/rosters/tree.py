"""The files of a folder or a zip as one thing: listed first, read one by one, and never unpacked."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from grader import files
from grader.batch.rosters.names import decoded
from grader.errors import UsageError
from grader.units import size

MOST_FILES = 500_000
# What systems and editors leave behind; nobody handed it in.
LITTER = {"__MACOSX", "__pycache__", ".ipynb_checkpoints", ".git", ".venv", "venv", ".vscode", ".idea", "node_modules"}
LITTER_FILES = {".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore", ".gitattributes"}
NOT_READABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Leaf:
    """One file: the folders above it and its name, and a way to read it that raises OSError for what is no file.

    `read` takes the most bytes that are wanted.
    """

    parts: tuple[str, ...]
    read: Callable[[int], bytes]

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.parts[-1]

    @property
    def path(self) -> str:
        """The whole path."""
        return "/".join(self.parts)


@dataclass(frozen=True)
class Tree:
    """What somebody downloaded: its name, its files, the folders of git repositories in it."""

    name: str
    root: Path
    leaves: tuple[Leaf, ...]
    repositories: tuple[str, ...] = ()

    def inside(self) -> Tree:
        """Return the tree without the one folder that everything lies in, as zips of a folder have it."""
        tops = {leaf.parts[0] for leaf in self.leaves}
        below = {leaf.parts[1] for leaf in self.leaves if len(leaf.parts) > 2}
        if len(tops) != 1 or len(below) < 2 or any(len(leaf.parts) < 3 for leaf in self.leaves):
            return self
        return Tree(self.name, self.root, tuple(Leaf(leaf.parts[1:], leaf.read) for leaf in self.leaves))


def open_tree(path: Path, encoding: str = "") -> Tree:
    """Return what lies in a folder or a zip; `encoding` is that of the zip's names where it says none.

    Raise UsageError for anything else.
    """
    if path.is_dir():
        return _of_folder(path)
    if not path.exists():
        raise UsageError(f"there is no folder or file {files.shown(path)}")
    try:
        archive = zipfile.ZipFile(path)
    except (*NOT_READABLE, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "is neither a folder nor a sound zip"
        raise UsageError(f"{files.shown(path)} cannot be read: {why}") from None
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MOST_FILES:
        raise UsageError(f"{files.shown(path)} holds {len(infos):,} files, which is too many")
    names = decoded([_raw(info) for info in infos], encoding)
    leaves = [Leaf(_parts(name), partial(_read_member, archive, info)) for name, info in zip(names, infos, strict=True)]
    return Tree(path.name, path, tuple(_wanted(leaves)))


def _raw(info: zipfile.ZipInfo) -> bytes | str:
    """Return a member's name: as text where the zip says that it is UTF-8, else as it was stored."""
    return info.orig_filename if info.flag_bits & 0x800 else info.orig_filename.encode("cp437")


def _parts(name: str) -> tuple[str, ...]:
    """Return a name as folders and file. What leads elsewhere is kept as it is: nothing is ever written by it."""
    parts = name.replace("\\", "/").split("\0")[0].split("/")
    return tuple(unicodedata.normalize("NFC", part) for part in parts if part not in ("", ".")) or ("?",)


def _wanted(leaves: list[Leaf]) -> Iterator[Leaf]:
    """Yield what somebody handed in, a second file of the same path under a name of its own."""
    seen: dict[str, int] = {}
    for leaf in leaves:
        if LITTER & set(leaf.parts[:-1]) or leaf.name in LITTER_FILES or leaf.name.startswith("._"):
            continue
        count = seen[leaf.path] = seen.get(leaf.path, 0) + 1
        own = PurePosixPath(leaf.name)
        name = leaf.name if count == 1 else f"{own.stem} ({count}){own.suffix}"
        yield Leaf((*leaf.parts[:-1], name), leaf.read)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Return a member's bytes, never more than `most`, whatever size the zip claims."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise files.Unfit(errno.ELOOP, "is a link; links are not followed here")
    if info.flag_bits & 0x1:
        raise files.Unfit(errno.EACCES, "is encrypted")
    try:
        with archive.open(info) as member:
            data = member.read(most + 1)
    except NOT_READABLE as error:
        raise files.Unfit(errno.EIO, f"is damaged in the zip ({error})") from None
    if len(data) > most:
        raise files.Unfit(errno.EFBIG, f"holds more than {size(most)}, which is too much")
    return data


def _of_folder(root: Path) -> Tree:
    leaves: list[Leaf] = []
    repositories: list[str] = []
    for folder, below, names in os.walk(root):
        below.sort()
        if ".git" in below and not os.path.islink(os.path.join(folder, ".git")):
            repositories.append(os.path.relpath(folder, root))
        linked = [name for name in below if os.path.islink(os.path.join(folder, name))]
        below[:] = [name for name in below if name not in LITTER]
        for name in sorted([*names, *linked]):
            path = Path(folder, name)
            raw = [os.fsencode(part) for part in path.relative_to(root).parts]
            parts = tuple(unicodedata.normalize("NFC", part) for part in decoded(raw))
            leaves.append(Leaf(parts, partial(_read_file, path)))
        if len(leaves) > MOST_FILES:
            raise UsageError(f"{files.shown(root)} holds more than {MOST_FILES:,} files, which is too many")
    return Tree(root.resolve().name, root, tuple(_wanted(leaves)), tuple(repositories))


def _read_file(path: Path, most: int) -> bytes:
    return files.read(path, follow_links=False, most=most)
