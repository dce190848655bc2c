"""The zip that Gradescope makes an image of: `setup.sh` and `run_autograder` lie in its root."""

from __future__ import annotations

from grader import new_files
from grader.elsewhere.parts import parts, script
from grader.elsewhere.task import Task

EXECUTABLE = ("setup.sh", "run_autograder")


def made(task: Task) -> bytes:
    """Return the zip for a task."""
    contents = {**parts(task, "gradescope"), "run_autograder": script("run_autograder").encode()}
    return new_files.zipped(contents, executable=EXECUTABLE)
