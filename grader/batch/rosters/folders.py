"""A folder for each student, in a folder or in a zip: the files lie in it or below it."""

from __future__ import annotations

from collections.abc import Iterator

from grader.batch.rosters.handed_in import HandedIn
from grader.batch.rosters.tree import Tree
from grader.record.rows import Student


def fits(tree: Tree) -> bool:
    """Return whether there are folders."""
    return any(len(leaf.parts) > 1 for leaf in tree.leaves)


def read(tree: Tree) -> Iterator[HandedIn]:
    """Yield every file."""
    for leaf in tree.inside().leaves:
        if len(leaf.parts) == 1:
            yield HandedIn(Student(""), leaf.path, leaf.name, leaf.read, why="lies in no student's folder")
        else:
            student = Student(leaf.parts[0], leaf.parts[0])
            yield HandedIn(student, leaf.path, leaf.name, leaf.read)
