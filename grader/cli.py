"""The command line: parse, call a command, turn errors into one line and an exit code; nothing else."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from grader.commands import authors, compare, grade, learn, record, watch
from grader.commands.speak import complain, takes_standard_output
from grader.errors import GraderError, UsageError, traced
from grader.exit_code import ExitCode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. No traceback leaves here."""
    _make_writable()
    try:
        options = _parser().parse_args(arguments)
        to_people = Console(stderr=takes_standard_output(options), highlight=False)
        run: Callable[[argparse.Namespace, Console], int] = options.run
        code = run(options, to_people)
        sys.stdout.flush()
        return code
    except UsageError as error:
        return _ended(str(error), ExitCode.USAGE)
    except GraderError as error:
        return _ended(f"a fault of the grader, not of your code: {error}", ExitCode.FAULT)
    except KeyboardInterrupt:
        return _ended("interrupted; nothing is left running", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone; there is nobody to tell, and Python would try once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.NOT_ALL_PASSED
    except Exception as error:  # a defect of ours; still one line
        return _ended(f"a fault of the grader, not of your code: {type(error).__name__}: {error}", ExitCode.FAULT)


def _make_writable() -> None:
    """Make printing always possible: replace a closed stream, and relax one that cannot encode our signs."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def _ended(text: str, code: ExitCode) -> int:
    if error := sys.exception():
        sys.stderr.write(traced(error))
    complain(text)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grader", description="PyTorch katas: grade your exercises.")
    parser.set_defaults(run=learn.where_am_i)
    commands = parser.add_subparsers(title="commands", metavar="")
    for group in (grade, watch, learn, compare, record, authors):
        group.add_to(commands)
    return parser
