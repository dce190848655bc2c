"""Proves the exercises themselves: what is wrong is refused for its own reason, what is right is accepted."""

from __future__ import annotations

import ast
import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from grader.catalogue.catalogue import Exercise, find, known_checks
from grader.errors import GraderError
from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.overlay import definitions, lay_over
from grader.judging.source import Source, read_source
from grader.proofs.findings import Findings
from grader.proofs.kept import Kept
from grader.proofs.mutants import graded
from grader.proofs.reach import Reach
from grader.proofs.reading import answers, in_the_files
from grader.sandbox.parent import launch
from grader.sandbox.parent.launch import Name
from grader.sandbox.shared.linux import die_with_parent
from grader.verdict import CheckResult, Outcome, Verdict

# Several audits share the machine: what is slow for that must not be taken for endless.
LIMITS = Limits(call=20.0, exercise=180.0)
# What a step might return that no check reckons with: none of it may pass, or break a check.
JUNK = ("None", "True", "42", "-1.5", "'text'", "[]", "{}", "(None, None)", "[1, 'a', None]", "object()",
        "lambda: 0", "__import__('torch').zeros(0)", "__import__('torch').full((2, 3), float('nan'))",
        "(i for i in 'ab')")  # fmt: skip

# What a GPU says by itself of the same mistake, where it refuses an operation before there is a result to look at.
SAID_BY_A_DEVICE = {"hard-coded-device": "devices-differ"}


@dataclass(frozen=True)
class How:
    """How an audit grades: `afresh` proves again what was proved before, `strict` gives each check its own process.

    `launcher` is how children are started, if not as usual. With `only`, a pattern of file names such as
    `hard-coded-device*`, only these wrong answers are graded.
    """

    afresh: bool = False
    strict: bool = False
    launcher: Name | None = None
    device: str = "cpu"
    only: str = ""

    def kept(self, exercise: Exercise, what: str) -> Kept:
        """Return what is kept of an exercise's answers or mutants; for each way of grading it is kept apart."""
        device = self.device if self.device != "cpu" else ""
        ways = (what, self.strict and "strict", self.launcher, device, self.only and "some")
        return Kept(exercise, "-".join(each for each in ways if each), afresh=self.afresh)

    @contextlib.contextmanager
    def grader(self, *, blames_itself: bool = False) -> Iterator[Grader]:
        """Yield a grader of that kind."""
        with contextlib.closing(launch.start(self.device, self.launcher)) as launcher:
            launcher.expect(more=True)
            with Grader(self.device, LIMITS, launcher, blames_itself=blames_itself, strict=self.strict) as grader:
                yield grader


def audit_all(
    chosen: Sequence[Exercise], seeds: Sequence[int], jobs: int, how: How, *, with_mutants: bool = False
) -> Iterator[Findings]:
    """Audit exercises in `jobs` processes; yield the findings of each, those of all seeds together, in order."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=die_with_parent) as pool:
        audits = {each.name: pool.submit(_audit_by_name, each.name, seeds, how) for each in chosen}
        parts = jobs if with_mutants else 0
        changed = {
            each.name: [pool.submit(_mutants_by_name, each.name, seeds[0], part, parts, how) for part in range(parts)]
            for each in chosen
        }
        for each in chosen:
            findings = audits[each.name].result()
            if with_mutants:
                _add_mutants(findings, each, [part.result() for part in changed[each.name]], how)
            yield findings


def _audit_by_name(name: str, seeds: Sequence[int], how: How) -> Findings:
    exercise = find(name)
    kept = how.kept(exercise, "answers")
    with contextlib.ExitStack() as opened:
        findings = Audit(exercise, seeds, kept, opened, how=how).run()
    kept.write(kept.used)
    return findings


def _mutants_by_name(name: str, seed: int, part: int, parts: int, how: How) -> tuple[Findings, dict[str, bool]]:
    exercise = find(name)
    kept = how.kept(exercise, "mutants")
    with how.grader() as grader:
        return graded.grade_mutants(exercise, grader, kept, seed, part, parts), kept.used


def _add_mutants(
    findings: Findings, exercise: Exercise, parts: list[tuple[Findings, dict[str, bool]]], how: How
) -> None:
    used: dict[str, bool] = {}
    for found, verdicts in parts:
        used |= verdicts
        findings.mutants += found.mutants
        findings.equivalent += found.equivalent
        findings.mutants_accepted += found.mutants_accepted
        findings.problems += found.problems
    findings.problems += graded.stale_equivalents(exercise)
    how.kept(exercise, "mutants").write(used)


def chosen_answers(chosen: Sequence[Exercise], only: str) -> list[Path]:
    """Return the wrong answers of exercises whose file name fits a pattern, all without one."""
    return [path for each in chosen for path in answers(each.wrong_answers) if not only or path.match(only)]


def laid_over(exercise: Exercise, path: Path) -> Source:
    """Return an answer laid over the exercise's solution, as a submission."""
    text = lay_over(exercise.solution.read_text(encoding="utf-8"), path.read_text(encoding="utf-8"))
    return Source(path, text, hashlib.sha256(text.encode()).hexdigest())


@dataclass(frozen=True)
class Fault:
    """What is at fault with one verdict, in words; `accepted` where a wrong answer got by."""

    said: str
    accepted: bool = False


Judge = Callable[[Verdict], list[Fault]]


class Audit:
    """Grades the stub, the solution and every known answer of an exercise, and reads its files.

    A wrong answer is graded on the steps that it can reach: the text of the others is the solution's. Under later seeds
    than the first, that is graded which a seed can change: a wrong answer on the steps that it is about, and neither
    the stub nor junk. A grader is started once something has to be graded, and left to `opened`.
    """

    def __init__(
        self,
        exercise: Exercise,
        seeds: Sequence[int],
        kept: Kept,
        opened: contextlib.ExitStack,
        *,
        how: How = How(),
    ) -> None:
        self._exercise = exercise
        self._seeds = seeds
        self._kept = kept
        self._opened = opened
        self._how = how
        self._started: Grader | None = None
        self._reach = Reach(exercise, lambda source: self._grader.grade(exercise, source, seed=seeds[0]))
        self._findings = Findings(exercise.name, checks=len(known_checks(exercise)))

    def run(self) -> Findings:
        """Return all that is found."""
        found = self._findings
        if not self._how.only:
            found.problems += in_the_files(self._exercise)
        if not found.checks:
            return found
        try:
            self._answers()
        except (GraderError, SyntaxError) as fault:
            found.problems.append(str(fault))
        return found

    def _answers(self) -> None:
        if not self._how.only:
            self._stub()
            self._right("solution", read_source(self._exercise.solution))
            for path in answers(self._exercise.right_answers):
                self._findings.right += 1
                self._right(f"right/{path.name}", laid_over(self._exercise, path))
        for path in chosen_answers([self._exercise], self._how.only):
            self._findings.wrong += 1
            self._wrong(path)
        if not self._how.only:
            self._junk()

    @property
    def _grader(self) -> Grader:
        if self._started is None:
            self._started = self._opened.enter_context(self._how.grader(blames_itself=True))
        return self._started

    def _faults(
        self, role: str, answer: Source, judge: Judge, seeds: Sequence[int], *,
        first: Callable[[], Collection[str]] = tuple, later: Collection[str] = (), doubting: bool = True,
    ) -> list[Fault]:  # fmt: skip
        """Return what is at fault with the verdicts on an answer, each on some steps alone where they are named.

        These are what `first` returns under the first seed, asked only where something is graded, and `later` under the
        others. What was without fault before is not graded again. Under later seeds one process serves a check for all
        of them; a fault that shows so counts only if it is there in a process of its own as well. So it is under the
        first seed, too, unless `doubting`: then a check that fails in a shared process is not repeated.
        """
        keys = {seed: self._kept.key(role, answer.text, seed, seed == seeds[0], *sorted(later)) for seed in seeds}
        fresh = [seed for seed in seeds if not self._kept.get(keys[seed])]
        found: dict[int, list[Fault]] = {seed: [] for seed in fresh}
        if seeds[0] in fresh:
            found[seeds[0]] = self._judged(answer, judge, first(), doubting=doubting)
        suspects = [seed for seed in fresh if seed != seeds[0]]
        if suspects:
            with contextlib.suppress(GraderError):  # under which seed a check broke, each of them tells by itself
                verdicts = self._grader.grade_under(self._exercise, answer, suspects, only=later)
                suspects = [verdict.seed for verdict in verdicts if judge(verdict)]
        for seed in suspects:
            faults = judge(self._grader.grade(self._exercise, answer, seed=seed, only=later))
            found[seed] = [Fault(f"{fault.said} [under seed {seed}]", fault.accepted) for fault in faults]
        for seed in fresh:
            if not found[seed]:
                self._kept.add(keys[seed], True)
        return [fault for faults in found.values() for fault in faults]

    def _judged(self, answer: Source, judge: Judge, steps: Collection[str], *, doubting: bool) -> list[Fault]:
        seed = self._seeds[0]
        if not doubting:
            with contextlib.suppress(GraderError):  # a check that broke will tell by itself
                if not judge(self._grader.grade(self._exercise, answer, seed=seed, only=steps, doubting=False)):
                    return []
        return judge(self._grader.grade(self._exercise, answer, seed=seed, only=steps))

    def _stub(self) -> None:
        def judge(verdict: Verdict) -> list[Fault]:
            others = [each for each in _checks(verdict) if each.outcome not in (Outcome.NOT_STARTED, Outcome.BLOCKED)]
            return [Fault(f"stub: {check.check} ends {check.outcome}: {check.said}") for check in others]

        faults = self._faults("stub", read_source(self._exercise.handed_out), judge, self._seeds[:1])
        self._findings.problems += [fault.said for fault in faults]

    def _right(self, name: str, answer: Source) -> None:
        def judge(verdict: Verdict) -> list[Fault]:
            return [] if verdict.passed else [Fault(f"{name}: {_reasons(verdict)}")]

        self._findings.right_refused += [fault.said for fault in self._faults("right", answer, judge, self._seeds)]

    def _wrong(self, path: Path) -> None:
        about = set(definitions(path.read_text(encoding="utf-8"))) & set(self._exercise.steps)
        belief = path.stem.partition("--")[0]
        names = {belief} if self._how.device == "cpu" else {belief, SAID_BY_A_DEVICE.get(belief, belief)}

        def reached() -> Collection[str]:
            return self._reach.of(path.read_text(encoding="utf-8"))

        def judge(verdict: Verdict) -> list[Fault]:
            if not verdict.failed_steps:
                return [Fault("is accepted", accepted=True)]
            found, reasons = [], _reasons(verdict)
            if about and not verdict.failed_steps <= about:
                found.append(Fault(f"fails {sorted(verdict.failed_steps)}, but is about {sorted(about)}: {reasons}"))
            named = {check.misconception for check in _checks(verdict) if check.misconception}
            if not named or not named <= names:
                found.append(Fault(f"is named {sorted(named)}: {reasons}"))
            return found

        answer = laid_over(self._exercise, path)
        role = f"wrong {belief} {sorted(about)}"
        for fault in self._faults(role, answer, judge, self._seeds, first=reached, later=about):
            kind = self._findings.wrong_accepted if fault.accepted else self._findings.problems
            kind.append(f"wrong/{path.name} {fault.said}")

    def _junk(self) -> None:
        """No check may break, and no step may pass, on answers of a kind that nobody reckoned with."""
        solution = self._exercise.solution.read_text(encoding="utf-8")
        steps = {name: node for name, node in definitions(solution).items() if name in self._exercise.steps}
        for junk in JUNK:
            text = lay_over(solution, "\n".join(_junk_definition(node, junk) for node in steps.values()))

            def judge(verdict: Verdict, junk: str = junk) -> list[Fault]:
                passed = [step.name for step in verdict.steps if step.outcome is Outcome.PASSED]
                accepted = len(passed) == len(verdict.steps) or (passed and junk == "object()")
                return [Fault(", ".join(passed), accepted=True)] if accepted else []

            try:
                source = Source(self._exercise.solution, text, "")
                faults = self._faults(f"junk {junk}", source, judge, self._seeds[:1], doubting=False)
            except GraderError as fault:
                self._findings.problems.append(f"steps that return {junk}: {fault}")
            else:
                self._findings.wrong_accepted += [f"steps that return {junk}: {fault.said}" for fault in faults]


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
