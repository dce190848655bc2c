"""What a container needs for a task: its memory decides what is to be ordered."""

from __future__ import annotations

import functools
import math
import tomllib
from pathlib import Path

from grader.elsewhere.task import Task
from grader.units import GB, MB, size

# The containers that Gradescope offers; nobody has to ask for the first.
OFFERED = ((768 * MB, "0.75 GB"), (1.5 * GB, "1.5 GB"), (3 * GB, "3 GB"), (6 * GB, "6 GB"))
ROOM = 1.4  # a submission may take more than a solution does
USUAL_MINUTES, START_SECONDS = 10, 60.0
MEASURED = Path(__file__).with_name("memory.toml")


@functools.cache
def measured() -> dict[str, int]:
    """Return the peak of memory that each exercise's solution took when it was graded, in bytes."""
    with MEASURED.open("rb") as file:
        return {name: value * MB for name, value in tomllib.load(file)["peak"].items()}


def to_order(task: Task) -> str:
    """Return in a sentence or two whether Gradescope's usual container will do, and else what to order."""
    return " ".join(filter(None, [_memory(task), _time(task)]))


def _memory(task: Task) -> str:
    largest = max((each.exercise for each in task.assignments), key=lambda each: measured()[each.name])
    peak = measured()[largest.name]
    took = f"The solution of {largest.number:02} takes {size(peak)}"
    if peak * ROOM <= OFFERED[0][0]:
        return f"{took}: Gradescope's usual 768 MB will do."
    enough = next((name for bytes_, name in OFFERED if peak * ROOM <= bytes_), OFFERED[-1][1])
    return f"{took}: order a container with {enough} of memory in the assignment's settings."


def _time(task: Task) -> str:
    """Return what to set where a class's slowest submission would be ended: that is no verdict."""
    minutes = math.ceil((START_SECONDS + task.course.limits.exercise * len(task.assignments)) / 60)
    return f"Set the autograder's timeout to {minutes} minutes." if minutes > USUAL_MINUTES else ""
