"""What can go wrong in the grader itself. A learner's mistake is never one of these."""

import os
import traceback


class GraderError(Exception):
    """A fault of the grader or of its surroundings; the text says what to do."""


class UsageError(GraderError):
    """The command line, or a file that it names, cannot be used."""


class NoSuchDevice(UsageError):
    """The device asked for is not on this machine."""


class Cancelled(KeyboardInterrupt):
    """Nobody waits for this verdict any more. Like Ctrl-C, so that pytest stops for it as well."""


def debugging() -> bool:
    """Whether GRADER_DEBUG asks for tracebacks."""
    return bool(os.environ.get("GRADER_DEBUG"))


def traced(error: BaseException) -> str:
    """Return the traceback of an error where somebody asks for it, and else nothing."""
    return "".join(traceback.format_exception(error)) if debugging() else ""
