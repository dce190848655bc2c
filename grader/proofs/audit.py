"""Proves the exercises themselves: what is wrong is refused for its own reason, what is right is accepted."""

from __future__ import annotations

import ast
import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from grader.catalogue import misconceptions, places
from grader.catalogue.catalogue import Exercise, exercises, find, known_checks
from grader.catalogue.hints import LEVELS, hints
from grader.errors import GraderError, UsageError
from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.overlay import definitions, lay_over
from grader.judging.source import Source, read_source
from grader.learning.side_by_side import compare
from grader.proofs.findings import Findings
from grader.proofs.mutants import graded as mutation
from grader.sandbox.shared.linux import die_with_parent
from grader.verdict import CheckResult, Outcome, Verdict

MIN_RIGHT_ANSWERS = 2
ACCEPTED = "is accepted"
# Several audits share the machine: what is slow for that must not be taken for endless.
LIMITS = Limits(call=20.0, exercise=180.0)
# What a step might return that no check reckons with: none of it may pass, or break a check.
JUNK = ("None", "True", "42", "-1.5", "'text'", "[]", "{}", "(None, None)", "[1, 'a', None]", "object()",
        "lambda: 0", "__import__('torch').zeros(0)", "__import__('torch').full((2, 3), float('nan'))",
        "(i for i in 'ab')")  # fmt: skip


def audit_all(
    chosen: Sequence[Exercise], seeds: Sequence[int], jobs: int, *, with_mutants: bool = False
) -> Iterator[Findings]:
    """Audit exercises in `jobs` processes; yield the findings of each, those of all seeds together, in order."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=die_with_parent) as pool:
        audits = {each.name: pool.submit(_audit_by_name, each.name, seeds) for each in chosen}
        parts = jobs if with_mutants else 0
        changed = {
            each.name: [pool.submit(_mutants_by_name, each.name, seeds[0], part, parts) for part in range(parts)]
            for each in chosen
        }
        for each in chosen:
            findings = audits[each.name].result()
            if with_mutants:
                _add_mutants(findings, each, [part.result() for part in changed[each.name]])
            yield findings


def _audit_by_name(name: str, seeds: Sequence[int]) -> Findings:
    with Grader(limits=LIMITS, blames_itself=True) as grader:
        return audit(find(name), grader, seeds)


def _mutants_by_name(name: str, seed: int, part: int, parts: int) -> tuple[Findings, mutation.Kept]:
    with Grader(limits=LIMITS) as grader:
        return mutation.grade_mutants(find(name), grader, seed, part, parts)


def _add_mutants(findings: Findings, exercise: Exercise, parts: list[tuple[Findings, mutation.Kept]]) -> None:
    kept: mutation.Kept = {}
    for found, verdicts in parts:
        kept |= verdicts
        findings.mutants += found.mutants
        findings.equivalent += found.equivalent
        findings.mutants_accepted += found.mutants_accepted
        findings.problems += found.problems
    findings.problems += mutation.stale_equivalents(exercise)
    mutation.keep_verdicts(exercise, kept)


def audit(exercise: Exercise, grader: Grader, seeds: Sequence[int]) -> Findings:
    """Grade the stub, the solution and every known answer of an exercise, and read its files.

    Under later seeds than the first, that is graded which a seed can change: a wrong answer on the steps that it is
    about, and neither the stub nor junk.
    """
    findings = Findings(exercise.name, checks=len(known_checks(exercise)))
    findings.problems += _in_the_files(exercise)
    try:
        _stub(exercise, grader, seeds[0], findings)
        _solution(exercise, grader, seeds, findings)
        for path in _answers(exercise.right_answers):
            _right(exercise, path, grader, seeds, findings)
        for path in _answers(exercise.wrong_answers):
            _wrong(exercise, path, grader, seeds, findings)
        _junk(exercise, grader, seeds[0], findings)
    except (GraderError, SyntaxError) as fault:
        findings.problems.append(str(fault))
    return findings


def _answers(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.py"))


def laid_over(exercise: Exercise, path: Path) -> Source:
    """Return an answer laid over the exercise's solution, as a submission."""
    text = lay_over(exercise.solution.read_text(encoding="utf-8"), path.read_text(encoding="utf-8"))
    return Source(path, text, hashlib.sha256(text.encode()).hexdigest())


def _stub(exercise: Exercise, grader: Grader, seed: int, findings: Findings) -> None:
    verdict = grader.grade(exercise, read_source(exercise.stub), seed=seed)
    others = [check for check in _checks(verdict) if check.outcome not in (Outcome.NOT_STARTED, Outcome.BLOCKED)]
    findings.problems += [f"stub: {check.check} ends {check.outcome}: {check.said}" for check in others]


def _solution(exercise: Exercise, grader: Grader, seeds: Sequence[int], findings: Findings) -> None:
    findings.right_refused += _refused(exercise, "solution", read_source(exercise.solution), grader, seeds)


def _right(exercise: Exercise, path: Path, grader: Grader, seeds: Sequence[int], findings: Findings) -> None:
    findings.right += 1
    answer = laid_over(exercise, path)
    findings.right_refused += _refused(exercise, f"right/{path.name}", answer, grader, seeds)


def _refused(exercise: Exercise, name: str, answer: Source, grader: Grader, seeds: Sequence[int]) -> Iterator[str]:
    """Yield under which seeds a right answer does not pass."""

    def faults(verdict: Verdict) -> list[str]:
        return [] if verdict.passed else [f"{name}: {_reasons(verdict)}"]

    return _under_seeds(exercise, answer, grader, seeds, (), faults)


def _under_seeds(
    exercise: Exercise, answer: Source, grader: Grader, seeds: Sequence[int], later: Collection[str],
    faults: Callable[[Verdict], list[str]],
) -> Iterator[str]:  # fmt: skip
    """Yield what is at fault with the verdicts on an answer, under later seeds on the steps `later` alone.

    Under later seeds one process serves a check for all of them. A fault that shows so counts only if it is there
    in a process of its own as well.
    """
    yield from faults(grader.grade(exercise, answer, seed=seeds[0]))
    suspects = seeds[1:]
    with contextlib.suppress(GraderError):  # under which seed a check broke, each of them tells by itself
        verdicts = grader.grade_under(exercise, answer, suspects, only=later) if suspects else []
        suspects = [verdict.seed for verdict in verdicts if faults(verdict)]
    for seed in suspects:
        for fault in faults(grader.grade(exercise, answer, seed=seed, only=later)):
            yield f"{fault} [under seed {seed}]"


def _wrong(exercise: Exercise, path: Path, grader: Grader, seeds: Sequence[int], findings: Findings) -> None:
    findings.wrong += 1
    about = set(definitions(path.read_text(encoding="utf-8"))) & set(exercise.steps)
    expected = path.stem.partition("--")[0]

    def faults(verdict: Verdict) -> list[str]:
        if not verdict.failed_steps:
            return [ACCEPTED]
        found, reasons = [], _reasons(verdict)
        if about and not verdict.failed_steps <= about:
            found.append(f"fails {sorted(verdict.failed_steps)}, but is about {sorted(about)}: {reasons}")
        named = {check.misconception for check in _checks(verdict) if check.misconception}
        if named != {expected}:
            found.append(f"is named {sorted(named)}: {reasons}")
        return found

    for fault in _under_seeds(exercise, laid_over(exercise, path), grader, seeds, about, faults):
        kind = findings.wrong_accepted if fault.startswith(ACCEPTED) else findings.problems
        kind.append(f"wrong/{path.name} {fault}")


def _junk(exercise: Exercise, grader: Grader, seed: int, findings: Findings) -> None:
    """No check may break, and no step may pass, on answers of a kind that nobody reckoned with."""
    solution = exercise.solution.read_text(encoding="utf-8")
    for junk in JUNK:
        text = "\n".join(
            _junk_definition(node, junk) for name, node in definitions(solution).items() if name in exercise.steps
        )
        source = Source(exercise.solution, lay_over(solution, text), "")
        try:
            verdict = grader.grade(exercise, source, seed=seed)
        except GraderError as fault:
            findings.problems.append(f"steps that return {junk}: {fault}")
            continue
        passed = [step.name for step in verdict.steps if step.outcome is Outcome.PASSED]
        if len(passed) == len(verdict.steps) or (passed and junk == "object()"):
            findings.wrong_accepted.append(f"steps that return {junk}: {', '.join(passed)}")


def _junk_definition(node: ast.FunctionDef | ast.ClassDef, junk: str) -> str:
    """Return a definition that takes anything and answers junk; of a class, every method does."""
    if isinstance(node, ast.FunctionDef):
        return f"def {node.name}(*args, **kwargs):\n    return {junk}\n"
    names = [each.name for each in node.body if isinstance(each, ast.FunctionDef) and each.name != "__init__"]
    bases = ", ".join(map(ast.unparse, node.bases))
    methods = "".join(f"    def {name}(self, *args, **kwargs):\n        return {junk}\n" for name in names)
    init = "    def __init__(self, *args, **kwargs):\n        super().__init__()\n"
    return f"class {node.name}({bases}):\n{init}{methods}"


def _checks(verdict: Verdict) -> list[CheckResult]:
    return [check for step in verdict.steps for check in step.checks]


def _reasons(verdict: Verdict) -> str:
    bad = [check for check in _checks(verdict) if check.outcome not in (Outcome.PASSED, Outcome.BLOCKED)]
    return "; ".join(
        f"{check.check} {check.outcome} ({check.said}{', ' + check.misconception if check.misconception else ''})"
        for check in bad
    )


def _in_the_files(exercise: Exercise) -> Iterator[str]:
    """Yield what reading the files of an exercise finds wrong: nothing is run."""
    for path in (exercise.stub, exercise.solution, exercise.checks, exercise.hints):
        if not path.exists():
            yield f"{path.relative_to(places.checkout())} is missing"
            return
    stub, solution = (definitions(path.read_text(encoding="utf-8")) for path in (exercise.stub, exercise.solution))
    for step in exercise.steps:
        if step not in stub or step not in solution:
            yield f"step {step} is not defined in both the stub and the solution"
        elif _interface(stub[step]) != _interface(solution[step]):
            yield f"step {step} has another signature in the solution than in the stub"
        elif not ast.get_docstring(stub[step]):
            yield f"step {step} has no text in the stub"
    if tuple(name for name in stub if name in exercise.steps) != exercise.steps:
        yield "the steps of the stub stand in another order than in the catalogue"
    for each in compare(exercise, exercise.stub.read_text(encoding="utf-8")):
        if not each.why:
            yield f"step {each.step} of the solution has no comment that says why it is done so"
    yield from _in_the_checks(exercise)
    yield from _in_the_hints(exercise)
    yield from _in_the_answers(exercise)


def _interface(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.FunctionDef):
        return f"{ast.unparse(node.args)} -> {ast.unparse(node.returns) if node.returns else ''}"
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
    return "; ".join(sorted(_interface(each) for each in methods))


def _in_the_checks(exercise: Exercise) -> Iterator[str]:
    for check in known_checks(exercise):
        if check.step not in exercise.steps:
            yield f"{check.name} belongs to no step"
        if check.headline == check.name:
            yield f"{check.name} has no docstring"
    for step in set(exercise.steps) - {check.step for check in known_checks(exercise)}:
        yield f"step {step} has no check"


def _in_the_hints(exercise: Exercise) -> Iterator[str]:
    found = hints(exercise)
    for step in exercise.steps:
        if len(found.get(step, ())) != LEVELS:
            yield f"step {step} has {len(found.get(step, ()))} hints, not {LEVELS}"
    for step in found.keys() - set(exercise.steps):
        yield f"there are hints for {step}, which is no step"


def _in_the_answers(exercise: Exercise) -> Iterator[str]:
    wrong, right = _answers(exercise.wrong_answers), _answers(exercise.right_answers)
    if len(right) < MIN_RIGHT_ANSWERS:
        yield f"{len(right)} right answers of another shape, at least {MIN_RIGHT_ANSWERS} are needed"
    for path in [*wrong, *right]:
        if not path.read_text(encoding="utf-8").startswith("# "):
            yield f"{path.parent.name}/{path.name} does not begin with a comment"
    text = exercise.checks.read_text(encoding="utf-8")
    shared = [path.read_text(encoding="utf-8") for path in exercise.checks.parent.glob("_*.py") if path.stem in text]
    text = "\n".join([text, *shared])
    named = {name for name in misconceptions.misconceptions() if f'"{name}"' in text}
    for path in wrong:
        try:
            misconceptions.find(path.stem.partition("--")[0])
        except UsageError as error:
            yield str(error)
    for name in sorted(named - {path.stem.partition("--")[0] for path in wrong}):
        yield f"the checks name {name}, but no wrong answer meets it"


def leftovers() -> list[str]:
    """Return the files that belong to no exercise, and the misconceptions that nobody meets."""
    owned = {path for each in exercises() for path in (each.stub, each.solution, each.checks, each.probe, each.hints)}
    of, answers = places.curriculum(), places.for_authors("answers")
    folders = (of.stubs, of.solutions, of.checks, of.probes, of.hints)
    stray = [
        path
        for folder in folders
        for path in sorted(folder.glob("[!_]*"))
        if (path not in owned and path.suffix != ".md")
        or (path.suffix == ".md" and folder.name == "hints" and path not in owned)
    ]
    stray += [path for path in sorted(answers.glob("*")) if path.name not in {each.name for each in exercises()}]
    met = {path.stem.partition("--")[0] for path in answers.glob("*/wrong/*.py")}
    known, shown = misconceptions.misconceptions().keys(), {path.stem for path in of.examples.glob("*.txt")}
    return [
        *(f"{path.relative_to(places.checkout())} belongs to no exercise" for path in stray),
        *(f"misconception {name} has no wrong answer" for name in sorted(known - met)),
        *(f"misconception {name} has no example" for name in sorted(known - shown)),
        *(f"the example {name} belongs to no misconception" for name in sorted(shown - known)),
    ]
