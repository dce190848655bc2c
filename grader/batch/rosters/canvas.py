"""The zip of submissions that Canvas makes: NAME[_LATE]_USER_ATTACHMENT_FILE, all in one folder.

The second number is the attachment's. A student who did not hand in a file but a text or an address has `text.html` or
`link.html`; with anonymous grading the name is missing and the id begins with `anon_`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.batch.rosters.handed_in import HandedIn
from grader.batch.rosters.tree import Leaf, Tree
from grader.record.rows import Student

NAME = re.compile(
    r"(?:(?!LATE_|anon_)(?P<name>\w+?)_)?(?P<late>LATE_)?(?P<user>\d+|anon_[^_]+)_"
    r"(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<kind>text|link)\.html)"
)
TYPED = {
    "text": "was typed into Canvas, not handed in as a file",
    "link": "is the address of a page, not a file",
}


def fits(tree: Tree) -> bool:
    """Return whether most of the files are named as Canvas names them."""
    named = sum(len(leaf.parts) == 1 and bool(NAME.fullmatch(leaf.name)) for leaf in tree.leaves)
    return named > len(tree.leaves) / 2


def read(tree: Tree) -> Iterator[HandedIn]:
    """Yield every file."""
    for leaf in tree.leaves:
        yield _handed_in(leaf)


def _handed_in(leaf: Leaf) -> HandedIn:
    found = NAME.fullmatch(leaf.parts[0])
    if not found:
        return HandedIn(Student(""), leaf.path, leaf.name, leaf.read, why="is not named as Canvas names submissions")
    student = Student(found["user"], found["name"] or "")
    why = TYPED.get(found["kind"] or "", "")
    name = leaf.name if len(leaf.parts) > 1 else found["file"] or leaf.name
    return HandedIn(student, leaf.path, name, leaf.read, late=bool(found["late"]), why=why)
