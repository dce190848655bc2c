"""What a command tells the shell."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes that the README promises."""

    ALL_PASSED = 0
    NOT_ALL_PASSED = 1
    USAGE = 2
    FAULT = 3
    INTERRUPTED = 130
