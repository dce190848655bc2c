"""The zip of submissions that Moodle makes: a folder for each student, NAME_ID_assignsubmission_file, or flat.

The id is that of the grading worksheet's `Identifier`, "Participant ID". Before Moodle 4.1 the folder's name ended in
`_`; with blind marking the name is `Participant`, with groups it is the group's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.batch.rosters.handed_in import HandedIn
from grader.batch.rosters.tree import Leaf, Tree
from grader.record.rows import Student

NAME = re.compile(r"(?P<name>.*?)_?(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL)
BLIND = "Participant"


def fits(tree: Tree) -> bool:
    """Return whether any of the folders or files is named as Moodle names them."""
    return any(NAME.fullmatch(leaf.parts[0]) for leaf in tree.leaves)


def read(tree: Tree) -> Iterator[HandedIn]:
    """Yield every file."""
    for leaf in tree.leaves:
        yield _handed_in(leaf)


def _handed_in(leaf: Leaf) -> HandedIn:
    found = NAME.fullmatch(leaf.parts[0])
    if not found:
        return HandedIn(Student(""), leaf.path, leaf.name, leaf.read, why="is not named as Moodle names submissions")
    name = found["name"].replace("_", " ").strip()
    student = Student(found["id"], "" if name == BLIND else name)
    typed = found["kind"] == "onlinetext"
    why = "was typed into Moodle, not handed in as a file" if typed else ""
    own = leaf.name if len(leaf.parts) > 1 else found["file"] or leaf.name
    return HandedIn(student, leaf.path, own, leaf.read, why=why)
