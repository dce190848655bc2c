"""pytest with the checks of one exercise, collected once and run for one submission after the other.

To start pytest and to collect takes longer than most exercises do, so a session of pytest is kept for the next
submission.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence

import pytest
from _pytest.config import _prepareconfig

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
        self._runner = Runner(exercise, device)
        # Elsewhere than in the main thread, pytest-timeout would end the whole process; calls have limits of their own.
        is_main = threading.current_thread() is threading.main_thread()
        self._options = [*PYTEST_OPTIONS, f"--timeout={seconds if is_main else 0}"]
        self._session: pytest.Session | None = None

    @property
    def usable(self) -> bool:
        """Whether it can run once more, here and now: its checks are still those of the file."""
        return self._thread == threading.get_ident() and self._written == self._exercise.checks.stat().st_mtime_ns

    def run(self, runs: Sequence[Run]) -> None:
        """Take these runs through every check; raise what broke around one, or GraderError where one did not run."""
        with _alone_in_this_process():
            self._session = self._session or self._collected()
            try:
                self._runner.run(self._session, runs)
            except BaseException:  # pytest is left in the middle of a check
                self.close()
                raise
        known = {check.name for check in known_checks(self._exercise)}
        for run in runs:
            for fault in run.faults:
                raise fault
            if missing := known - run.results.keys():
                said = f"checks of {self._exercise.name} did not run: {', '.join(sorted(missing))}"
                raise GraderError(f"{said} {self._runner.complaint}".strip())

    def close(self) -> None:
        """Let pytest end."""
        if self._session:
            session, self._session = self._session, None
            session.config.hook.pytest_sessionfinish(session=session, exitstatus=pytest.ExitCode.OK)
            session.config._ensure_unconfigure()

    def _collected(self) -> pytest.Session:
        """Do what `pytest.main` does before it runs anything; there is no public way to stop it there."""
        # subtle: by its module, for in a path pytest takes `[` and `::` as the name of a test
        module = f"grader.curriculum.checks.{self._exercise.checks.stem}"
        config = _prepareconfig([*self._options, "--pyargs", module], [self._runner])
        config._do_configure()
        session = pytest.Session.from_config(config)
        config.hook.pytest_sessionstart(session=session)
        config.hook.pytest_collection(session=session)
        return session


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
