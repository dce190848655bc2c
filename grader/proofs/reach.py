"""Which steps an answer can reach: those of its own, and those whose checks do not pass without them."""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Callable

from grader.catalogue.catalogue import Exercise
from grader.judging.overlay import definitions, lay_over
from grader.judging.source import Source
from grader.verdict import Outcome, Verdict


class Reach:
    """Finds out, with each step of the solution left unwritten in turn, which checks notice.

    The text of every other step is then the solution's own, and grading it with each answer anew would prove nothing.
    `grade` returns the verdict on a submission.
    """

    def __init__(self, exercise: Exercise, grade: Callable[[Source], Verdict]) -> None:
        self._exercise = exercise
        self._grade = grade
        self._found: dict[str, frozenset[str]] = {}

    @functools.cached_property
    def _solution(self) -> str:
        return self._exercise.solution.read_text(encoding="utf-8")

    def of(self, answer: str) -> frozenset[str]:
        """Return the steps that an answer, laid over the solution, may change: all, where it is more than steps."""
        body = ast.parse(answer).body
        written = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        plain = all(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom) for node in body)
        if not plain or not written or not written <= set(self._exercise.steps):
            return frozenset(self._exercise.steps)
        return frozenset().union(*map(self._of_step, written))

    def _of_step(self, step: str) -> frozenset[str]:
        if step not in self._found:
            verdict = self._grade(self._without(step))
            noticed = {each.name for each in verdict.steps if each.outcome is not Outcome.PASSED}
            self._found[step] = frozenset({step, *noticed})
        return self._found[step]

    def _without(self, step: str) -> Source:
        stub = definitions(self._exercise.handed_out.read_text(encoding="utf-8"))[step]
        text = lay_over(self._solution, ast.unparse(stub))
        return Source(self._exercise.solution, text, hashlib.sha256(text.encode()).hexdigest())
