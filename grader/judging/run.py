"""One submission on its way through the checks of an exercise: which of them are run, and how they end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import pytest

from grader.catalogue.catalogue import Check, Exercise, known_checks
from grader.errors import GraderError
from grader.judging.children import Served
from grader.judging.cost import Cost
from grader.judging.submission import Hungry, Submission
from grader.judging.told import told
from grader.verdict import LOADING, CheckResult, Outcome
from grader.vocabulary.ending import NOTHING_CALLED, Ending

Watch = Callable[[int, int, str], object]
UNREADABLE = "your code returned something that this check cannot read"


class Server(Protocol):
    """Gives a check, by name, its submission under a seed; see Children.serve."""

    def __call__(self, check: str, seed: int, left: int, *, fresh: bool) -> AbstractContextManager[Served]:
        """Return it as a context."""


class Run:
    """One submission under one seed.

    `results` holds how the checks ended, by name, `faults` what broke around a check, `stumbles` what broke in one
    (see Grader.grade), `recognised` the misconceptions that exceptions named by themselves, `costs` what each step cost
    where it is measured.
    `watch` is told, as each check has ended, how many have, of how many, and of which step the last one is.
    With `only`, the checks of other steps are left out as blocked, and steps wait for none that is left out.
    Unless `to_the_end`, what comes after the first check that did not pass is left out as well.
    If it is `impatient`, a call that takes too long is the last of its step, and of the file where it was the import
    of that; nor is it doubted in a child that has served another check. One endless loop then costs one call's limit.
    Unless it is `doubting`, no check is: what fails in such a child is filed as it is.
    """

    def __init__(
        self, exercise: Exercise, seed: int, serve: Server, *,
        only: Collection[str] = (), to_the_end: bool = True, impatient: bool = False, doubting: bool = True,
        watch: Watch | None = None,
    ) -> None:  # fmt: skip
        self.seed = seed
        self._watch = watch
        self.results: dict[str, CheckResult] = {}
        self.faults: list[GraderError] = []
        self.stumbles: dict[str, Exception] = {}
        self.recognised: dict[str, str] = {}
        self.costs: dict[str, Cost] = {}
        self.in_doubt = False
        self._wary = False  # where one check did not pass, the next one may not, and is run beyond doubt at once
        self._needs = exercise.needs
        self._serve = serve
        self._to_the_end = to_the_end
        self._impatient = impatient
        self._doubting = doubting
        self._known = {check.name: check for check in known_checks(exercise)}
        self._graded = frozenset(only or exercise.steps)
        self._left = sum(check.step in self._graded for check in self._known.values())

    def leaves_out(self, name: str) -> bool:
        """Whether a check is not run; it is then filed as blocked."""
        check = self._known[name]
        why = self._why_not(check)
        if why:
            self._keep(check, CheckResult(name, check.headline, Outcome.BLOCKED, why))
            self._left -= check.step in self._graded
        return bool(why)

    def _why_not(self, check: Check) -> str:
        if check.step not in self._graded:
            return "was not asked for"
        needed = [step for step in self._needs.get(check.step, ()) if step in self._graded]
        if missing := [step for step in needed if not self._have_passed(self._of(step))]:
            return f"waits for {' and '.join(f'`{step}`' for step in missing)}"
        if self._impatient and self._is_stuck(check):
            return "was not run: a check before it ran into the time limit"
        if check.last and not self._have_passed(each for each in self._of(check.step) if not each.last):
            return f"waits for the other checks of `{check.step}`"
        asked = (each for each in self._known.values() if each.name in self.results and each.step in self._graded)
        return "" if self._to_the_end or self._have_passed(asked) else "another check has settled it"

    def _is_stuck(self, check: Check) -> bool:
        ended = [each for each in self.results.values() if each.outcome is Outcome.TIMEOUT]
        return any(each.called == LOADING or self._known[each.check].step == check.step for each in ended)

    def _of(self, step: str) -> Iterator[Check]:
        return (check for check in self._known.values() if check.step == step)

    def _have_passed(self, checks: Iterable[Check]) -> bool:
        ended = (self.results.get(check.name) for check in checks)
        return all(result is not None and result.outcome is Outcome.PASSED for result in ended)

    @contextlib.contextmanager
    def check(self, name: str) -> Iterator[Submission]:
        """Yield the submission for a check, and file how that ends.

        A check that breaks without an Ending stumbled over the submission. One that does not pass in a child that has
        served another is not filed: it is `in_doubt`, and has to be run once more.
        """
        started = time.perf_counter()
        self._left -= not self.in_doubt
        with self._faults_filed(name), self._serve(name, self.seed, self._left, fresh=self._wary) as served:
            ending: Ending | None = None
            stumble: Exception | None = None
            try:
                yield served.submission
            except Ending as caught:
                ending, stumble = caught, caught if isinstance(caught, Hungry) else None
                if ending.called is NOTHING_CALLED:  # as of a part of what was seen
                    ending.called = served.submission.called_for(ending.about)
            except (GraderError, pytest.fail.Exception):
                raise
            except Exception as fault:
                ending, stumble = Ending(Outcome.CRASHED, UNREADABLE), fault
            # That a step is not written yet is beyond doubt: nothing that a child has kept could make it say so.
            wary = self._doubting and ending is not None and ending.outcome is not Outcome.NOT_STARTED
            takes_too_long = ending is not None and ending.outcome is Outcome.TIMEOUT
            self.in_doubt = wary and not served.turn.fresh and not (self._impatient and takes_too_long)
            self._wary = wary
            if not self.in_doubt:
                self._file(self._known[name], served, ending, stumble, time.perf_counter() - started)
            if not wary:
                served.turn.finish()

    def _file(
        self, check: Check, served: Served, ending: Ending | None, stumble: Exception | None, seconds: float
    ) -> None:
        self.costs[check.step] = self.costs.get(check.step, Cost()) + served.submission.cost
        self._keep(check, told(check, ending, served.turn.printed(), seconds))
        if ending and ending.recognised:
            self.recognised[check.name] = ending.recognised
        if stumble:
            self.stumbles[check.name] = stumble

    def _keep(self, check: Check, result: CheckResult) -> None:
        self.results[check.name] = result
        if self._watch:
            self._watch(len(self.results), len(self._known), check.step)

    @contextlib.contextmanager
    def _faults_filed(self, name: str) -> Iterator[None]:
        """Keep what breaks around a check as it is: pytest would only say that the check did not run."""
        try:
            yield
        except GraderError as fault:
            self.faults.append(fault)
            raise
        except Exception as error:
            self.faults.append(GraderError(f"{name} could not be run: {error}"))
            raise
        except pytest.fail.Exception:  # pytest-timeout, which ends what nothing else did
            self.faults.append(GraderError(f"{name} was still waiting when its time was up"))
            raise
