"""What a learner's own folder holds: made once, and brought up to date with what a newer version changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from string import Template

from packaging.version import InvalidVersion, Version

from grader import __version__
from grader.called import program
from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, choose, own
from grader.catalogue.mark import ALL, Mark, read_mark
from grader.catalogue.places import Workspace
from grader.errors import UsageError
from grader.record import workspace as stubs
from grader.record.handing_out import Came, hand_out

BEGINNING = Path(__file__).with_name("beginning")
TEMPLATES = {"README.md": "README.md", ".gitignore": "gitignore", ".vscode/tasks.json": "tasks.json"}
DATA = (".csv", ".pt")
HOLDER = "whoever made this workspace"
OF_NO_ACCOUNT = {".git", ".venv", ".DS_Store"}  # what a folder may hold in which a workspace is made


Chosen = tuple[Exercise, ...]
More = Callable[[Chosen], Mapping[str, bytes]]


def nothing(_: Chosen) -> Mapping[str, bytes]:
    """Return no more files."""
    return {}


@dataclass(frozen=True)
class Told:
    """What a workspace's own texts say: how the program and Python are called there, and what comes first."""

    program: str
    python: str
    first: str = ""


def _here() -> Told:
    return Told(program(), sys.executable)


def make(
    folder: Path, chosen: str, *, with_solutions: bool, told: Told | None = None, more: More = nothing
) -> Workspace:
    """Make a workspace in a new or empty folder, for this machine if nothing else is told; else raise UsageError.

    `more` returns, for some exercises, what is handed out beside them: the path of each file there, and its content.
    """
    exercises = choose(chosen)
    if places.in_checkout():
        stubs.keep_untouched()
    handed = {**dict(_handed_out(exercises, told or _here())), **more(exercises)}
    _make_folder(folder)
    workspace = Workspace(folder.resolve())
    mark = Mark(exercises=_as_text(exercises), solutions="" if with_solutions else HOLDER)
    for _ in hand_out(workspace, mark, handed):
        pass
    return workspace


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {each.name for each in folder.iterdir()}
    except (FileExistsError, NotADirectoryError):
        said = "is a link that leads nowhere" if folder.is_symlink() else "is not a folder, or lies in none"
        raise UsageError(f"{folder} {said}; name a new or an empty folder") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from None
    if places.MARK in there:
        raise UsageError(f"{folder} is a workspace already; `{program()} update` in it brings what is missing")
    if others := {name for name in there if not name.startswith(f".{places.MARK}.")} - OF_NO_ACCOUNT:
        raise UsageError(f"{folder} is not empty (it holds {min(others)}); name a new or an empty folder")


def update(added: str, more: More = nothing) -> Iterator[tuple[str, Came]]:
    """Bring the workspace up to date, with some more exercises if any are named; yield what happened to its files.

    `more` is as for `make`.
    """
    workspace = places.workspace()
    if not workspace.mark.exists():
        raise UsageError("a checkout is brought up to date by git; `update` is for what `init` made")
    mark = read_mark(workspace)
    if _is_newer(mark.program):
        said = f"this workspace was brought up to date by version {mark.program}, and this is {__version__}"
        raise UsageError(f"{said}; install the newest version")
    exercises = tuple({*own(), *(choose(added) if added else ())})
    handed = {**dict(_handed_out(exercises, _here())), **more(exercises)}
    return hand_out(workspace, replace(mark, exercises=_as_text(exercises)), handed)


def was_given(folder: str) -> bool:
    """Return whether the workspace was handed out files in a folder of this name."""
    return any(Path(name).parts[0] == folder for name in read_mark(places.workspace()).handed_out)


def _is_newer(version: str) -> bool:
    try:
        return Version(version) > Version(__version__)
    except InvalidVersion:
        return False


def is_of_another_version() -> str:
    """Return in one line that the workspace is of another version, and what to do; empty where it is of this one."""
    workspace = places.workspace()
    found = read_mark(workspace).program if workspace.mark.exists() else __version__
    if found == __version__:
        return ""
    said = f"the files here come from version {found or 'unknown'}"
    if _is_newer(found):
        return f"{said}, which is newer than this one ({__version__}); install the newest version"
    return f"{said}; `{program()} update` brings what {__version__} changed"


def _as_text(chosen: tuple[Exercise, ...]) -> str:
    """Return what `choose` takes for these exercises, with neighbours as ranges."""
    everything = [each.number for each in choose(ALL)]
    numbers = sorted(each.number for each in chosen)
    if numbers == everything:
        return ALL
    # What follows its neighbour in both lists keeps its distance to the place that it has among all.
    runs = groupby(enumerate(numbers), key=lambda pair: everything.index(pair[1]) - pair[0])
    ends = [[number for _, number in run] for _, run in runs]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in ends)


def _handed_out(chosen: tuple[Exercise, ...], told: Told) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a workspace with these exercises: its path there, and what it holds."""
    for each in sorted(chosen, key=lambda each: each.number):
        yield f"exercises/{each.name}.py", stubs.untouched(each).encode()
    data = places.curriculum().data
    for folder in sorted({folder for each in chosen for folder in each.data}):
        for file in sorted(data.joinpath(folder).iterdir()):
            if file.suffix in DATA:
                yield f"{data.name}/{folder}/{file.name}", file.read_bytes()
    for name, template in TEMPLATES.items():
        text = Template(BEGINNING.joinpath(template).read_text(encoding="utf-8"))
        words = {"katas": told.program, "python": json.dumps(told.python), "first": told.first}
        yield name, text.substitute(words).encode()
