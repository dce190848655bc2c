"""Grades changed solutions: each must be refused, or be listed as meaning the same. Keeps the verdicts by hash."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import os
import sys
from pathlib import Path

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.errors import GraderError
from grader.judging.grading import Grader
from grader.judging.source import Source, read_source
from grader.proofs.findings import Findings
from grader.proofs.mutants.operators import Mutant, equivalents, mutants, without_graph
from grader.record.progress import checks_hash, torch_version

Kept = dict[str, bool]


def grade_mutants(exercise: Exercise, grader: Grader, seed: int, part: int, parts: int) -> tuple[Findings, Kept]:
    """Grade every `parts`-th mutant from `part` on, unless its verdict is kept; return them as found and to be kept."""
    findings, listed = Findings(exercise.name), equivalents(exercise)
    if part == 0:
        findings.problems += graphs_after_all(exercise, grader, seed)
    known, kept = kept_verdicts(exercise), Kept()
    for mutant in itertools.islice(mutants(exercise), part, None, parts):
        findings.mutants += 1
        findings.equivalent += mutant.key in listed
        try:
            key = _key(exercise, mutant, seed)
            accepted = known[key] if key in known else _is_accepted(exercise, mutant, grader, seed)
            kept[key] = accepted
        except GraderError as fault:
            findings.problems.append(f"mutant {mutant.key}: {fault}")
            continue
        if accepted and mutant.key not in listed:
            findings.mutants_accepted.append(f"mutant {mutant.key}")
        elif mutant.key in listed and not accepted:
            findings.problems.append(f"equivalent.toml lists a mutant that is refused: {mutant.key}")
    return findings, kept


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


def kept_verdicts(exercise: Exercise) -> Kept:
    """Return the verdicts of an earlier run, by key; what cannot be read is graded again."""
    try:
        read = json.loads(_file(exercise).read_bytes())
    except (OSError, ValueError, TypeError):
        return {}
    return {key: accepted for key, accepted in dict(read).items() if isinstance(accepted, bool)}


def keep_verdicts(exercise: Exercise, verdicts: Kept) -> None:
    """Keep the verdicts of this run in place of the last one's; where nothing can be written, nothing is kept."""
    file = _file(exercise)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(verdicts))
        unfinished.replace(file)


def _file(exercise: Exercise) -> Path:
    return places.workspace().verdicts / f"{exercise.name}.json"


def _key(exercise: Exercise, mutant: Mutant, seed: int) -> str:
    """Return a hash of all that the verdict depends on."""
    parts = (mutant.text, checks_hash(exercise), _code_hash(), torch_version(), str(seed))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def _code_hash() -> str:
    """Return a hash of the grader's own code: what is loaded here, and what runs in the child."""
    loaded = {
        getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if name.startswith("grader.")
    }
    files = {Path(file) for file in loaded if file} | {*(places.PACKAGE / "sandbox").rglob("*.py")}
    files = {file for file in files if file.is_relative_to(places.PACKAGE) and file.parent.name != "checks"}
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in sorted(files))).hexdigest()
