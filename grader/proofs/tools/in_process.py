"""The child's server without a child: answers in this process, with no sandbox around the submission.

For measuring what the sandbox costs, and for tests of what is judged rather than where it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grader.catalogue.catalogue import Exercise, probe_text, probes
from grader.judging.children import Served
from grader.judging.clock import Clock, Limits
from grader.judging.source import Source
from grader.judging.submission import Submission, load_request
from grader.sandbox.child.server import Server
from grader.sandbox.shared.messages import Answer, Call, Load
from grader.sandbox.shared.wire import Arrays


class InProcess:
    """Answers as a child does; see Witness. It serves one check only."""

    fresh = True

    def __init__(self, load: Load) -> None:
        self._server = Server("cpu")
        self._loaded = self._server.answer(load, {})

    def printed(self) -> str:
        """Return nothing: what it prints is printed."""
        return ""

    def finish(self) -> None:
        """Do nothing: the next check has another one."""

    def loaded(self, seconds: float) -> tuple[Answer, Arrays]:  # noqa: ARG002
        """Return the answer to having loaded the submission."""
        return self._loaded

    def ask(self, request: Call, arrays: Arrays, seconds: float) -> tuple[Answer, Arrays]:  # noqa: ARG002
        """Do what is asked."""
        return self._server.answer(request, arrays)


class InProcessSubmissions:
    """Serves each check a submission that is loaded anew, in this process."""

    def __init__(self, exercise: Exercise, source: Source) -> None:
        self._exercise = exercise
        self._source = source

    @contextmanager
    def serve(self, check: str, seed: int, left: int, *, fresh: bool) -> Iterator[Served]:  # noqa: ARG002
        """Yield a submission for a check; what it prints is printed."""
        witness = InProcess(load_request(self._source, probe_text(self._exercise), seed, graphs=self._exercise.graphs))
        yield Served(Submission(witness, Clock(Limits()), seed, probes(self._exercise)), witness)
