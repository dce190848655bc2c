"""A workspace to hand out: what `init` makes, but for a machine that is not this one, as a folder or a zip."""

from __future__ import annotations

import tempfile
from pathlib import Path

from grader import new_files
from grader.called import SCRIPT
from grader.learning import workspace
from grader.learning.workspace import BEGINNING, More, Told, nothing

# Whichever interpreter the learner chose in the editor; `update` puts the one that it runs in.
PYTHON = "${command:python.interpreterPath}"


def make(out: Path, chosen: str, *, with_solutions: bool, more: More = nothing) -> int:
    """Make a kit of these exercises in a new or empty folder, or as a zip; return how many files it holds.

    `more` is as for a workspace. Raise UsageError where it cannot be made, or where something is there already.
    """
    told = Told(SCRIPT, PYTHON, BEGINNING.joinpath("kit.md").read_text(encoding="utf-8"))
    if out.suffix.lower() != ".zip":
        workspace.make(out, chosen, with_solutions=with_solutions, told=told, more=more)
        return len(_files(out))
    new_files.require_new(out)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / out.stem
        workspace.make(made, chosen, with_solutions=with_solutions, told=told, more=more)
        contents = _files(made)
    # One folder holds it all, so that unpacking it puts nothing among a learner's other files.
    new_files.write_new(out, new_files.zipped({f"{out.stem}/{name}": each for name, each in contents.items()}))
    return len(contents)


def _files(folder: Path) -> dict[str, bytes]:
    found = sorted(each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in found}
