"""Makes the files of a new exercise, with nothing in them that the audit would take for done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, exercises
from grader.errors import UsageError

IDEA = "The idea, in two or three sentences."
STUB = f'''"""{{number:02}} {{title}}

{IDEA}

    >>> 1 + 1  # a worked example that can be pasted into a prompt
    2

Read on: https://docs.pytorch.org/docs/stable/
"""
'''
TASK = "What to write, in plain words."
STEP = f'''

def {{step}}():
    """Step {{index}}. {TASK}

    Shapes, dtypes and ranges of arguments and result; what may be changed and what not; what is raised.
    """
    raise NotImplementedError("step {{index}}: {{step}}")
'''
CHECKS = '''"""Hidden checks of {name}."""

import pytest

from grader.compare import expect
'''
BORDERS = """# kinds.toml says which borders each kind of argument has.
"""


def make(number: int, slug: str, title: str, part: str, steps: Sequence[str]) -> list[Path]:
    """Write the files of an exercise and its row in the curriculum; return what was made. Nothing is written over."""
    _refuse_unfit(number, slug, steps)
    exercise = Exercise(number, slug, title, part, 15, tuple(steps), {}, (), ())
    texts = {
        exercise.handed_out: STUB.format(number=number, title=title) + _stubs(steps),
        exercise.solution: f'"""{number:02} {title}, solved."""\n' + _stubs(steps),
        exercise.checks: CHECKS.format(name=exercise.name),
        exercise.hints: "\n".join(f"## {step}\n" for step in steps),
        exercise.borders: BORDERS,
        exercise.wrong_answers / "README.md": "One wrong answer for each misconception: `ID.py`, `ID--variant.py`.\n",
        exercise.right_answers / "README.md": "At least two right answers of another shape.\n",
    }
    if there := [path for path in texts if path.exists()]:
        raise UsageError(f"{there[0]} is there already; nothing was written")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    table = places.curriculum().tables / "curriculum.toml"
    with table.open("a", encoding="utf-8") as file:
        file.write(_row(exercise))
    return [*texts, table]


def _refuse_unfit(number: int, slug: str, steps: Sequence[str]) -> None:
    for each in exercises():
        if number == each.number or slug == each.slug:
            raise UsageError(f"{each.name} is there already")
    for name in (slug, *steps):
        if not re.fullmatch(r"[a-zA-Z]\w*", name):
            raise UsageError(f"{name!r} cannot be a name in Python")
    if not 2 <= len(set(steps)) == len(steps) <= 6:
        raise UsageError("an exercise has two to six steps, each with a name of its own")


def _stubs(steps: Sequence[str]) -> str:
    return "".join(STEP.format(step=step, index=index) for index, step in enumerate(steps, 1))


def _row(exercise: Exercise) -> str:
    steps = ", ".join(f'"{step}"' for step in exercise.steps)
    return (
        f'\n[[exercise]]\nnumber = {exercise.number}\nslug = "{exercise.slug}"\npart = "{exercise.part}"\n'
        f'title = "{exercise.title}"\nminutes = {exercise.minutes}\nsteps = [{steps}]\n'
    )
