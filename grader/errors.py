"""What can go wrong in the grader itself. A learner's mistake is never one of these."""


class GraderError(Exception):
    """A fault of the grader or of its surroundings; the text says what to do."""


class UsageError(GraderError):
    """The command line, or a file that it names, cannot be used."""


class NoSuchDevice(UsageError):
    """The device asked for is not on this machine."""
