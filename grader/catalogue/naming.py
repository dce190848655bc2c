"""Which misconceptions the checks of an exercise can name, found in their text: nothing of them is run."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

from grader.catalogue.catalogue import Exercise
from grader.catalogue.misconceptions import misconceptions

QUOTED = re.compile(r"[\"']([a-z0-9][a-z0-9-]*)[\"']")


def can_name(exercise: Exercise, misconception: str) -> bool:
    """Return whether some check of the exercise can name a misconception."""
    return misconception in QUOTED.findall(exercise.checks.read_text(encoding="utf-8"))


@functools.cache
def named_by_step(exercise: Exercise) -> dict[str, tuple[str, ...]]:
    """Return the ids of the misconceptions that the checks of each step can name, in the order of their text."""
    tree = ast.parse(exercise.checks.read_text(encoding="utf-8"))
    top = {name: node for node in tree.body for name in _defined(node)}
    found: dict[str, dict[str, None]] = {step: {} for step in exercise.steps}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (step := _step(node)) in found:
            found[step].update(dict.fromkeys(_ids(node, top)))
    return {step: tuple(ids) for step, ids in found.items()}


def _step(node: ast.FunctionDef) -> str:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.step":
            return str(ast.literal_eval(mark.args[0]))
    return ""


def _defined(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement at the top of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        yield from (
            each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        )


def _ids(node: ast.AST, top: dict[str, ast.stmt]) -> Iterator[str]:
    """Yield the ids in a piece of text and in all that it uses."""
    left, seen = [node], {id(node)}
    while left:
        for each in ast.walk(left.pop(0)):
            if isinstance(each, ast.Constant) and each.value in misconceptions():
                yield str(each.value)
            used = top.get(each.id) if isinstance(each, ast.Name) else None
            if used is not None and id(used) not in seen:
                seen.add(id(used))
                left.append(used)
