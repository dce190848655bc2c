"""Whether a function of a submission hands anything back, told by its text: what it prints, its caller never gets."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from grader.judging.overlay import Definition
from grader.verdict import CheckResult, Outcome

NOTHING_RETURNED = "nothing-returned"
# What a check guesses where None came back; where the text is sure, there is nothing to guess.
GUESSES = ("; is a `return` missing?", ", perhaps for want of a `return`")
NEVER_RAN = ("does not take the arguments", "your file does not define")


def returns_nothing(name: str, promised: Mapping[str, Definition], submitted: Mapping[str, Definition]) -> bool:
    """Return whether a step is a function that always returns None, and is annotated to return something."""
    function, given = submitted.get(name), promised.get(name)
    if not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return False
    annotation = (given.returns if isinstance(given, ast.FunctionDef) else None) or function.returns
    if annotation is None or (isinstance(annotation, ast.Constant) and annotation.value is None):
        return False
    return not any(map(_hands_back, _own(function)))


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all that is in a function, and nothing of the functions and classes in it."""
    for each in ast.iter_child_nodes(node):
        yield each
        if not isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _own(each)


def _hands_back(node: ast.AST) -> bool:
    if isinstance(node, ast.Return):
        return node.value is not None and not _is_nothing(node.value)
    return isinstance(node, (ast.Yield, ast.YieldFrom))


def _is_nothing(value: ast.expr) -> bool:
    """Return whether this is None, written so or as what `print` returns."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "print"
    return isinstance(value, ast.Constant) and value.value is None


def told_so(step: str, check: CheckResult) -> CheckResult:
    """Return what came of a check of such a step: whatever else it found, the caller got nothing."""
    if check.outcome is not Outcome.FAILED or any(each in check.said for each in NEVER_RAN):
        return check
    said = check.said
    for guess in GUESSES:
        said = said.replace(guess, "")
    return replace(check, said=f"{said}; `{step}` has no `return` with a value", misconception=NOTHING_RETURNED)
