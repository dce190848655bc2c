"""Grades changed solutions: each must be refused, or be listed as meaning the same."""

from __future__ import annotations

import itertools

from grader.catalogue.catalogue import Exercise
from grader.errors import GraderError
from grader.judging.grading import Grader
from grader.judging.source import Source, read_source
from grader.proofs.findings import Findings
from grader.proofs.kept import Kept
from grader.proofs.mutants.operators import Mutant, equivalents, mutants, without_graph


def grade_mutants(exercise: Exercise, grader: Grader, kept: Kept, seed: int, part: int, parts: int) -> Findings:
    """Grade every `parts`-th mutant from `part` on, unless its verdict is kept, and keep it."""
    findings, listed = Findings(exercise.name), equivalents(exercise)
    if part == 0:
        findings.problems += graphs_after_all(exercise, grader, seed)
    for mutant in itertools.islice(mutants(exercise), part, None, parts):
        findings.mutants += 1
        findings.equivalent += mutant.key in listed
        try:
            key = kept.key(mutant.text, mutant.step, seed)
            if (accepted := kept.get(key)) is None:
                accepted = _is_accepted(exercise, mutant, grader, seed)
                kept.add(key, accepted)
        except GraderError as fault:
            findings.problems.append(f"mutant {mutant.key}: {fault}")
            continue
        if accepted and mutant.key not in listed:
            findings.mutants_accepted.append(f"mutant {mutant.key}")
        elif mutant.key in listed and not accepted:
            findings.problems.append(f"equivalent.toml lists a mutant that is refused: {mutant.key}")
    return findings


def stale_equivalents(exercise: Exercise) -> list[str]:
    """Return what equivalent.toml lists although the solution cannot be changed so."""
    gone = equivalents(exercise).keys() - {mutant.key for mutant in mutants(exercise)}
    strange = without_graph(exercise).keys() - set(exercise.steps)
    return [f"equivalent.toml lists a mutant that there is not: {key}" for key in sorted(gone)] + [
        f"equivalent.toml speaks of a step that there is not: {step}" for step in sorted(strange)
    ]


def graphs_after_all(exercise: Exercise, grader: Grader, seed: int) -> list[str]:
    """Return the steps of the solution that record a graph although equivalent.toml says that they do not."""
    if not (said := without_graph(exercise)):
        return []
    costs = grader.measure(exercise, read_source(exercise.solution), seed=seed)
    return [
        f"equivalent.toml says that {step} works without a graph, but {costs[step].nodes} nodes were recorded"
        for step in said
        if step in costs and costs[step].nodes
    ]


def _is_accepted(exercise: Exercise, mutant: Mutant, grader: Grader, seed: int) -> bool:
    """Ask the checks of the changed step first, and those of the others only if it gets by."""
    source = Source(exercise.solution, mutant.text, "")
    others = [step for step in exercise.steps if step != mutant.step]
    return not any(
        grader.grade(exercise, source, seed=seed, only=steps, to_the_end=False).failed_steps
        for steps in ([mutant.step], others)
        if steps
    )
