"""Puts the checks of one run together into steps: what tells most stands first, and every failure is there."""

from __future__ import annotations

from dataclasses import replace

from grader.catalogue.catalogue import Exercise, known_checks
from grader.judging.overlay import Definition, definitions
from grader.judging.returning import returns_nothing, told_so
from grader.judging.run import Run
from grader.judging.source import Source
from grader.verdict import CheckResult, Outcome, StepResult, gravest

LAST = (Outcome.NOT_STARTED, Outcome.BLOCKED, Outcome.UNAVAILABLE, Outcome.PASSED)


def steps_of(exercise: Exercise, run: Run, source: Source) -> tuple[StepResult, ...]:
    """Return the steps of an exercise in order, each with its checks, the most telling failure first."""
    known, found = known_checks(exercise), _defined(source.text)
    grouped = {step: [run.results[each.name] for each in known if each.step == step] for step in exercise.steps}
    failed = [step for step, checks in grouped.items() if any(each.outcome is Outcome.FAILED for each in checks)]
    promised = _promised(exercise) if failed else {}  # whoever passes does not wait for it
    for step in failed:
        if returns_nothing(step, promised, found):
            grouped[step] = [told_so(step, check) for check in grouped[step]]
    return tuple(
        StepResult(
            step, gravest([check.outcome for check in checks]), _told(checks, run.recognised),
            found[step].lineno if step in found else 0,
        )
        for step, checks in grouped.items()
    )  # fmt: skip


def _told(checks: list[CheckResult], recognised: dict[str, str]) -> tuple[CheckResult, ...]:
    """Return the checks of a step in the order in which they are told.

    What exceptions name by themselves counts where no check of the step has a name of its own.
    """
    if not any(check.misconception for check in checks):
        checks = [replace(each, misconception=recognised.get(each.check)) for each in checks]
    return tuple(sorted(checks, key=_rank))


def _rank(check: CheckResult) -> tuple[int, bool]:
    """Return where a check belongs: named before unnamed; authors put the basic checks before the elaborate ones."""
    if check.outcome in LAST:
        return 1 + LAST.index(check.outcome), False
    return 0, check.misconception is None


def _promised(exercise: Exercise) -> dict[str, Definition]:
    """Return the functions and classes of an exercise with the signatures that the learner was given.

    Those of the solution: in a checkout, what was handed out is what the learner has changed.
    """
    try:
        return _defined(exercise.solution.read_text(encoding="utf-8"))
    except OSError:
        return {}


def _defined(text: str) -> dict[str, Definition]:
    """Return the functions and classes of a file, none where it cannot be read as Python."""
    try:
        return definitions(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: brackets nested without end
        return {}
