"""Measures how much memory a grading of each solution takes: `python -m grader.proofs.tools.memory_of_solutions`.

It prints the table of grader/elsewhere/memory.toml; to put it there is left to whoever measured on a quiet machine.
"""

from __future__ import annotations

import subprocess
import sys
import time

from grader.catalogue.catalogue import Exercise, exercises
from grader.proofs.tools.processes import proportional_memory
from grader.units import MB

LOOK_SECONDS = 0.05


def main() -> int:
    """Print the peak of every exercise in MB; return 0."""
    print("[peak]")
    for each in exercises():
        print(f"{each.name} = {round(peak(each) / MB)}", flush=True)
    return 0


def peak(exercise: Exercise) -> int:
    """Return the most that all processes of one grading took together, in bytes (PSS)."""
    command = [sys.executable, "-P", "-m", "grader", "exercise", exercise.name, "--file", str(exercise.solution)]
    most = 0
    with subprocess.Popen([*command, "--seed", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, proportional_memory(process.pid))
            time.sleep(LOOK_SECONDS)
    return most


if __name__ == "__main__":
    raise SystemExit(main())
