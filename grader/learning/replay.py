"""Runs a Python session again, line by line, as if it were typed now."""

from __future__ import annotations

import code
import contextlib
import doctest
import io
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass

from grader.errors import GraderError


@dataclass(frozen=True)
class Outcome:
    """What came of one input: what it printed on standard output; the class and the text of an exception."""

    typed: str
    said: str
    error: str = ""
    message: str = ""

    @property
    def real(self) -> str:
        """What a question about this input asks for: what was printed, or the exception as its class and its text."""
        return f"{self.error}: {self.message}" if self.error else self.said


class _Interpreter(code.InteractiveInterpreter):
    """As at a prompt, but Ctrl-C ends the whole session. `raised` is what the last input raised."""

    raised: Exception | None = None

    def runcode(self, code: types.CodeType) -> None:
        try:
            exec(code, self.locals)
        except SystemExit:
            raise GraderError("this example ended the process, which no example should") from None
        except Exception as error:
            self.raised = error
            self.showtraceback()

    def enter(self, example: doctest.Example) -> None:
        """Run one input. The blank line ends a block, as it does at a prompt."""
        self.raised = None
        self.runsource(f"{example.source}\n", symbol="single")


def replay(session: str) -> None:
    """Run the examples of a doctest text in this process and print what they print today, exceptions with it."""
    interpreter = _Interpreter()
    # In one stream, so that a traceback or warning stands below its line in a pipe too.
    with contextlib.redirect_stderr(sys.stdout):
        for example in doctest.DocTestParser().get_examples(session):
            print(prompted(example.source))
            interpreter.enter(example)


def outcomes(session: str) -> Iterator[Outcome]:
    """Run the examples of a doctest text in this process; yield what came of each, tracebacks and warnings left out."""
    interpreter = _Interpreter()
    for example in doctest.DocTestParser().get_examples(session):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            interpreter.enter(example)
        error = interpreter.raised
        name, message = (type(error).__name__, str(error)) if error else ("", "")
        yield Outcome(example.source.rstrip("\n"), said.getvalue().rstrip("\n"), name, message)


def prompted(source: str) -> str:
    """Return an input with the prompts before its lines."""
    first, *others = source.rstrip("\n").split("\n")
    return "\n".join([f">>> {first}", *(f"... {line}" for line in others)])
