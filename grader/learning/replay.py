"""Runs a Python session again, line by line, as if it were typed now."""

from __future__ import annotations

import code
import contextlib
import doctest
import sys
import types

from grader.errors import GraderError


class _Interpreter(code.InteractiveInterpreter):
    """As at a prompt, but Ctrl-C ends the whole session."""

    def runcode(self, code: types.CodeType) -> None:
        try:
            exec(code, self.locals)
        except SystemExit:
            raise GraderError("this example ended the process, which no example should") from None
        except Exception:
            self.showtraceback()


def replay(session: str) -> None:
    """Run the examples of a doctest text in this process and print what they print today, exceptions with it."""
    interpreter = _Interpreter()
    # In one stream, so that a traceback or warning stands below its line in a pipe too.
    with contextlib.redirect_stderr(sys.stdout):
        for example in doctest.DocTestParser().get_examples(session):
            first, *others = example.source.rstrip("\n").split("\n")
            print("\n".join([f">>> {first}", *(f"... {line}" for line in others)]))
            # The blank line ends a block, as it does at a prompt.
            interpreter.runsource(f"{example.source}\n", symbol="single")
