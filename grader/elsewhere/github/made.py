"""The files of a workflow, as they lie in a repository."""

from __future__ import annotations

from grader.elsewhere.parts import script
from grader.elsewhere.pins import of_torch, pins
from grader.elsewhere.task import Task


def made(task: Task, install: str) -> dict[str, bytes]:
    """Return the files by their paths; `install` is what pip installs."""
    exercises = " ".join(f"{each.exercise.number:02}" for each in task.assignments)
    texts = {
        ".github/workflows/katas.yml": script("katas.yml", install=_quoted(install), exercises=exercises),
        ".github/katas/constraints.txt": pins(),
        ".github/katas/torch.txt": of_torch(),
    }
    return {name: text.encode() for name, text in texts.items()}


def _quoted(text: str) -> str:
    """Return a text as YAML, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
