"""What the facts of a class come to: how hard each step is, how well it tells, and which misconceptions there are."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from grader.batch.course import Course
from grader.batch.out.facts import Fact, of_exercise
from grader.verdict import Outcome

FEWEST = 5  # students, below which a correlation says nothing


@dataclass(frozen=True)
class StepFigures:
    """One step: of so many graded, so many passed.

    `difficulty` is the share that passed, from 0 (nobody) to 1, as test theory counts it. `discrimination` is the
    correlation between passing it and the share of the other steps of that exercise that were passed, from -1 to 1;
    None where everybody or nobody passed, or too few were graded. `outcomes` counts how it ended.
    """

    exercise: str
    step: str
    graded: int
    passed: int
    discrimination: float | None
    outcomes: Counter[Outcome]
    misconceptions: Counter[str]

    @property
    def difficulty(self) -> float:
        """The share that passed."""
        return self.passed / self.graded if self.graded else 0.0


@dataclass(frozen=True)
class Met:
    """A misconception: who met it where, as (student's id, id of the submission, step)."""

    id: str
    by: tuple[tuple[str, int, str], ...]

    @property
    def students(self) -> int:
        """How many students met it."""
        return len({student for student, _, _ in self.by})


def steps(facts: Sequence[Fact], course: Course) -> list[StepFigures]:
    """Return the figures of every step of the course, in its order."""
    found = []
    for each in course.assignments:
        graded = [fact for fact in of_exercise(facts, each.exercise.name) if fact.graded]
        found += [_step(graded, each.exercise.name, step) for step in each.exercise.steps]
    return found


def _step(graded: Sequence[Fact], exercise: str, step: str) -> StepFigures:
    outcomes = Counter(fact.steps.get(step, Outcome.FAILED) for fact in graded)
    met = Counter(name for fact in graded for name, where in fact.misconceptions.items() if where == step)
    return StepFigures(
        exercise, step, len(graded), outcomes[Outcome.PASSED], _discrimination(graded, step), outcomes, met
    )


def _discrimination(graded: Sequence[Fact], step: str) -> float | None:
    here = [float(fact.steps.get(step) is Outcome.PASSED) for fact in graded]
    rest = [float(sum(one is Outcome.PASSED for name, one in fact.steps.items() if name != step)) for fact in graded]
    if len(here) < FEWEST or len(set(here)) < 2 or len(set(rest)) < 2:
        return None
    return statistics.correlation(here, rest)


def misconceptions(facts: Sequence[Fact]) -> list[Met]:
    """Return every misconception that was met, the most frequent first."""
    found: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for fact in facts:
        for name, step in fact.misconceptions.items():
            found[name].append((fact.student.id, fact.submission, step))
    met = [Met(name, tuple(by)) for name, by in found.items()]
    return sorted(met, key=lambda each: (-each.students, each.id))
