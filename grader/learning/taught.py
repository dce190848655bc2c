"""What an exercise has taught, told once it is passed: one may pass by luck, and without a hint.

Reads solution, known right answers and the learner's file as text; runs none of them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader import files
from grader.catalogue.catalogue import Exercise
from grader.catalogue.mark import withheld_by
from grader.catalogue.misconceptions import misconceptions
from grader.catalogue.naming import named_by_step
from grader.judging.overlay import Definition, definitions, lines
from grader.learning.side_by_side import compare, is_the_same, without_docstrings

MOST_LINKS = 2  # of a step; its misconceptions have more
TORCH = "pytorch.org"
MOST_WAYS = 2  # of a step, beside the learner's and the solution's


@dataclass(frozen=True)
class Lesson:
    """What one step was about: why it is solved as it is, and where to read on."""

    step: str
    why: tuple[str, ...]
    read_on: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """Another right answer to a step, and what is different about it."""

    step: str
    about: str
    code: str


@functools.cache
def lessons(exercise: Exercise) -> tuple[Lesson, ...]:
    """Return a lesson for each step; without a why where the workspace was handed out without solutions."""
    solution = exercise.solution.read_text(encoding="utf-8")
    whys = {} if withheld_by() else {each.step: each.why for each in compare(exercise, solution)}
    told, found = {read_on(exercise)}, []
    for step in exercise.steps:
        links = [link for link in _links(exercise, step) if link not in told][:MOST_LINKS]
        told.update(links)
        found.append(Lesson(step, whys.get(step, ()), tuple(links)))
    return tuple(found)


def _links(exercise: Exercise, step: str) -> list[str]:
    """Return where to read on about the misconceptions of a step, what is about PyTorch first."""
    named = dict.fromkeys(misconceptions()[each].read_on for each in named_by_step(exercise)[step])
    return sorted(filter(None, named), key=lambda link: TORCH not in link)


def read_on(exercise: Exercise) -> str:
    """Return where the exercise itself says to read on; empty where its file, which may be the learner's, does not."""
    try:
        text = files.read(exercise.handed_out).decode(errors="replace")
    except OSError:  # it was graded, and something else lies there by now
        return ""
    named = re.search(r"^Read on: (\S+)", text, re.MULTILINE)
    return named[1] if named else ""


def ways(exercise: Exercise, text: str) -> list[Way]:
    """Return right answers of other shapes than the solution's and the learner's, which is `text`; a few for each step.

    Return none where the workspace was handed out without solutions.
    """
    if withheld_by():
        return []
    yours, found = definitions(text), list[Way]()
    seen = {each.step: [each.solution] for each in compare(exercise, text)}
    for step in yours.keys() & seen.keys():
        seen[step].append(without_docstrings(yours[step], text))
    for way in _known(exercise):
        is_new = not any(is_the_same(way.code, other) for other in seen[way.step])
        if is_new and sum(each.step == way.step for each in found) < MOST_WAYS:
            found.append(way)
            seen[way.step].append(way.code)
    return found


def _known(exercise: Exercise) -> Iterator[Way]:
    """Yield the known right answers, step by step."""
    for path in sorted(exercise.right_answers.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        found, about = definitions(text), _head(text)
        for step in exercise.steps:
            if step in found:
                used = [other for name, other in found.items() if _uses(found[step], text, name, exercise)]
                code = "\n\n".join(without_docstrings(each, text) for each in (*used, found[step]))
                yield Way(step, about, code)


def _uses(step: Definition, text: str, name: str, exercise: Exercise) -> bool:
    """Return whether a step uses a helper of that name, which no exercise has."""
    code = "\n".join(lines(text)[step.lineno - 1 : step.end_lineno])
    return name not in exercise.steps and re.search(rf"\b{re.escape(name)}\b", code) is not None


def _head(text: str) -> str:
    """Return what a known answer says about itself: the comment that it begins with."""
    head = []
    for line in lines(text):
        if not line.startswith("#"):
            break
        head.append(line.lstrip("# "))
    return " ".join(head)
