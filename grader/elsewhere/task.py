"""What is graded elsewhere: some exercises of a course, under a seed, as a file that goes along."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader import files
from grader.batch.course import Assignment, Course, plain
from grader.batch.course_file import parse, read_course
from grader.catalogue.catalogue import choose, find
from grader.errors import GraderError
from grader.seeds import new_seed

FILE = "katas.json"


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    exercises: list[str]
    course: str
    seed: int


@dataclass(frozen=True)
class Task:
    """The course, with no other exercises than those of the task; `text` is that of its file, `drawn` the seed."""

    course: Course
    text: str
    drawn: int

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """What is graded, in order."""
        return self.course.assignments

    @property
    def most(self) -> float:
        """The points for everything."""
        return sum(each.most for each in self.assignments)

    def to_json(self) -> str:
        """Return the file."""
        names = [each.exercise.name for each in self.assignments]
        kept = {"exercises": names, "course": self.text, "seed": self.drawn}
        return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def make(chosen: str, course: Path | None) -> Task:
    """Return the task of these exercises; raise UsageError for one that is not in the course."""
    if course is None:
        return Task(plain(choose(chosen)), "", new_seed())
    found, text = read_course(course)
    exercises = [each.exercise for each in found.assignments] if chosen == "all" else choose(chosen)
    return Task(found.only(exercises, str(course)), text, new_seed())


def read(path: Path) -> Task:
    """Return the task that a file holds; raise GraderError where it holds none, which no student can bring about."""
    try:
        kept = msgspec.json.decode(files.read(path), type=_Kept)
    except OSError as error:
        raise GraderError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise GraderError(f"{path} is damaged: {error}") from None
    exercises = [find(name) for name in kept.exercises]
    course = parse(kept.course) if kept.course else plain(exercises)
    return Task(course.only(exercises, "course.toml"), kept.course, kept.seed)
