"""Finds a student's file for each exercise among all that was handed in; nothing of it is followed or run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.batch.gather import CODE, NOTEBOOK, Gathered, gather
from grader.batch.rosters.handed_in import HandedIn
from grader.batch.rosters.tree import open_tree
from grader.catalogue.catalogue import Exercise
from grader.harmless import one_line
from grader.record.rows import Student, Submission

FEW = 3


def handed_in(folder: Path, exercises: Sequence[Exercise]) -> dict[str, Submission]:
    """Return what was handed in for each exercise, by its full name; what cannot be graded has a `problem`."""
    gathered = gather("", _files(folder), exercises)
    return {each.name: _chosen(each, gathered) for each in exercises}


def _files(folder: Path) -> Iterator[HandedIn]:
    for leaf in open_tree(folder).leaves:
        yield HandedIn(Student("somebody"), leaf.path, leaf.name, leaf.read)


def _chosen(exercise: Exercise, gathered: Gathered) -> Submission:
    """Return the file that counts: one that can be read, one of the right name, the one that lies highest."""
    found = [each for each in gathered.submissions if each.exercise == exercise.name]
    right = {f"{exercise.name}{ending}" for ending in (CODE, NOTEBOOK)}
    names = sorted(found, key=lambda each: (bool(each.problem), Path(each.path).name not in right,
                                            each.path.count("/"), each.path))  # fmt: skip
    if names:
        return names[0]
    there = [*(each.path for each in gathered.submissions), *(each.path for each in gathered.strays)]
    held = one_line(", ".join([*there[:FEW], *(["…"] if len(there) > FEW else [])])) or "nothing"
    problem = f"there is no {exercise.name}{CODE} in what was handed in, which holds {held}"
    return Submission("somebody", exercise.name, "", "", problem=problem)
