"""A made-up class: right, wrong, unwritten, broken, hostile and endless submissions, no two of the same text."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.catalogue.catalogue import Exercise
from grader.judging.overlay import lay_over
from grader.proofs.hostile.corpus import attacks

# Of a hundred submissions.
MIX = {"right": 45, "wrong": 40, "stub": 5, "broken": 5, "hostile": 5}
LOOP = "\n\ndef {step}(*args, **kwargs):\n    while True:\n        pass\n"


def make_class(folder: Path, exercises: Sequence[Exercise], count: int, loops: int, seed: int = 1) -> None:
    """Write the submissions of `count` students, one each, of which `loops` percent never end."""
    drawn = random.Random(seed)
    kinds = {each: dict(_kinds(each)) for each in exercises}
    for number, exercise in zip(range(count), itertools.cycle(exercises), strict=False):
        kind = drawn.choices([*MIX, "loop"], [*MIX.values(), loops * sum(MIX.values()) / max(1, 100 - loops)])[0]
        text = drawn.choice(kinds[exercise][kind])
        path = folder / f"student{number:06}" / f"{exercise.name}.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"{text}\n# {number}\n", encoding="utf-8")


def _kinds(exercise: Exercise) -> Iterator[tuple[str, list[str]]]:
    solution = exercise.solution.read_text(encoding="utf-8")
    wrong = sorted(exercise.wrong_answers.glob("*.py"))
    yield "right", [solution]
    yield "wrong", [lay_over(solution, each.read_text(encoding="utf-8")) for each in wrong]
    yield "stub", [exercise.handed_out.read_text(encoding="utf-8")]
    yield "broken", [solution.replace("return", "retrun", 1), f"{solution}\n)"]
    yield "hostile", _hostile(exercise, solution)
    yield "loop", [solution + LOOP.format(step=exercise.steps[0])]


def _hostile(exercise: Exercise, solution: str) -> list[str]:
    """Return what tries to cheat in this exercise; else a solution that tries to leave its sandbox when imported."""
    own = [each.text for each in attacks() if each.exercise is exercise]
    return [lay_over(solution, text) for text in own] or [f"open('/etc/passwd', 'a')\n{solution}"]
