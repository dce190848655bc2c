"""pytest with the checks of one exercise, collected once and run for one submission after the other.

To start pytest and to collect takes longer than most exercises do. So pytest is left standing in the middle of its own
run, in a greenlet of its own, and goes on from there with the next submission.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence

import pytest
from greenlet import greenlet

from grader.catalogue.catalogue import Exercise, known_checks
from grader.errors import GraderError
from grader.judging.plugin import Runner
from grader.judging.run import Run

# What a plain run of the checks needs of pytest: no plugin that somebody installed, nothing written or printed.
PYTEST_OPTIONS = (
    "--noconftest", "--import-mode=importlib", "--assert=plain", "--capture=no", "-c", os.devnull,
    *(f"-pno:{name}" for name in ("terminal", "cacheprovider", "unraisableexception", "threadexception", "logging",
                                  "warnings", "doctest", "junitxml", "faulthandler", "stepwise", "pastebin",
                                  "setuponly", "setupplan", "unittest", "nose", "debugging", "skipping", "legacypath",
                                  "tmpdir", "monkeypatch", "recwarn", "subtests")),
    "-ppytest_timeout",
)  # fmt: skip

_judging = threading.Lock()


class Suite:
    """The checks of one exercise on one device; runs them in the thread that made it, a check for so many seconds."""

    def __init__(self, exercise: Exercise, device: str, seconds: float) -> None:
        self._exercise = exercise
        self._thread = threading.get_ident()
        self._written = exercise.checks.stat().st_mtime_ns
        self._runner = Runner(exercise, device, self._next_runs)
        # Elsewhere than in the main thread, pytest-timeout would end the whole process; calls have limits of their own.
        is_main = threading.current_thread() is threading.main_thread()
        self._options = [*PYTEST_OPTIONS, f"--timeout={seconds if is_main else 0}"]
        self._pytest = greenlet(self._serve)
        self._caller: greenlet | None = None
        self._code: int | pytest.ExitCode | None = None

    @property
    def usable(self) -> bool:
        """Whether it can run once more, here and now: its checks are those of the file, and no run broke it."""
        unchanged = self._written == self._exercise.checks.stat().st_mtime_ns
        return not self._pytest.dead and self._thread == threading.get_ident() and unchanged

    def run(self, runs: Sequence[Run]) -> None:
        """Take these runs through every check; raise what broke around one, or GraderError where one did not run."""
        with _alone_in_this_process():
            self._caller = greenlet.getcurrent()
            self._pytest.switch(runs)
        if self._code == pytest.ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        known = {check.name for check in known_checks(self._exercise)}
        for run in runs:
            for fault in run.faults:
                raise fault
            if missing := known - run.results.keys():
                said = f"checks of {self._exercise.name} did not run: {', '.join(sorted(missing))}"
                raise GraderError(f"{said} (pytest ended with {self._code!r})")

    def close(self) -> None:
        """Let pytest end."""
        if self._thread == threading.get_ident() and self._pytest and not self._pytest.dead:
            self._caller = greenlet.getcurrent()
            self._pytest.switch([])

    def _serve(self, runs: Sequence[Run]) -> None:
        self._runner.runs = runs
        # subtle: by its module, for in a path pytest takes `[` and `::` as the name of a test
        module = f"grader.curriculum.checks.{self._exercise.checks.stem}"
        self._code = pytest.main([*self._options, "--pyargs", module], plugins=[self._runner])
        if self._caller:
            self._pytest.parent = self._caller

    def _next_runs(self) -> Sequence[Run]:
        """Go back to whoever had the last runs made, and return the next ones; none where all is over."""
        assert self._caller is not None
        found: Sequence[Run] = self._caller.switch()
        return found


@contextlib.contextmanager
def _alone_in_this_process() -> Iterator[None]:
    """Have pytest find nothing that the user configured; refuse a second judge, since all of that is global."""
    if not _judging.acquire(blocking=False):
        raise GraderError("another submission is being graded in this process; grade one after the other")
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        os.environ.update(kept)
        _judging.release()
