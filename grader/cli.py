"""The command line: parse, call a command, turn errors into one line and an exit code; nothing else."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from grader.called import program
from grader.commands.speak import complain, takes_standard_output
from grader.errors import GraderError, UsageError, traced
from grader.exit_code import ExitCode

# The modules of grader.commands, and the commands of each. Only the one that is called is imported: `list` has to
# answer at once, and must not wait for what `doctor` needs.
MODULES = {
    "grade": ("exercise", "all"),
    "watch": ("watch",),
    "find": ("list", "next"),
    "learn": ("hint", "explain", "reset"),
    "compare": ("compare",),
    "practise": ("drill", "review", "stats"),
    "taught": ("taught",),
    "record": ("export", "import"),
    "workspace": ("init", "update"),
    "notebook": ("notebook",),
    "kit": ("kit",),
    "batch": ("batch",),
    "course": ("course",),
    "report": ("report",),
    "elsewhere": ("gradescope", "classroom50", "prairielearn", "action", "autograde"),
    "authors": ("audit", "new", "doctor"),
}
WITHOUT_A_COMMAND = "find"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. No traceback leaves here."""
    _make_writable()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        options = _parser(given).parse_args(given)
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
    except BrokenPipeError:  # the reader has gone; there is nobody to tell
        _give_up_standard_output()
        return ExitCode.NOT_ALL_PASSED
    except Exception as error:
        if isinstance(error, OSError) and _is_standard_output_stuck():
            _give_up_standard_output()
            return _ended(f"standard output cannot be written: {error.strerror}", ExitCode.USAGE)
        # a defect of ours; still one line
        return _ended(f"a fault of the grader, not of your code: {type(error).__name__}: {error}", ExitCode.FAULT)


def _make_writable() -> None:
    """Make printing always possible: replace a closed stream, and relax one that cannot encode our signs."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    # In the C locale, Python has `surrogateescape`, which brings back bytes and encodes nothing else.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors="replace")


def _is_standard_output_stuck() -> bool:
    """Return whether nothing can be written, as on a full disk."""
    try:
        print(flush=True)
    except OSError:
        return True
    return False


def _give_up_standard_output() -> None:
    """Let nothing more be written: Python would try once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _ended(text: str, code: ExitCode) -> int:
    if error := sys.exception():
        sys.stderr.write(traced(error))
    complain(text)
    return code


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser of these arguments; it knows all commands where they do not begin with one."""
    parser = argparse.ArgumentParser(prog=program(), description="PyTorch katas: grade your exercises.")
    commands = parser.add_subparsers(title="commands", metavar="")
    for name in _needed(arguments):
        importlib.import_module(f"grader.commands.{name}").add_to(commands)
    if not arguments:
        parser.set_defaults(run=importlib.import_module(f"grader.commands.{WITHOUT_A_COMMAND}").where_am_i)
    return parser


def _needed(arguments: Sequence[str]) -> list[str]:
    if not arguments:
        return [WITHOUT_A_COMMAND]
    return [name for name, commands in MODULES.items() if arguments[0] in commands] or list(MODULES)
