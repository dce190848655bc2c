"""Grades several submissions in one process, and prints the seconds that each took.

Usage: python -m grader.proofs.peers.warm FILE...
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from grader.catalogue.catalogue import find
from grader.errors import GraderError
from grader.judging.grading import Grader
from grader.judging.source import read_source
from grader.proofs.peers.submissions import EXERCISE


def main() -> None:
    """Grade each file; each has to be accepted, for a refusal may be quicker."""
    exercise, seconds = find(EXERCISE), []
    with Grader() as grader:
        for seed, path in enumerate(sys.argv[1:]):
            started = time.perf_counter()
            verdict = grader.grade(exercise, read_source(Path(path)), seed=seed)
            seconds.append(time.perf_counter() - started)
            if not verdict.passed:
                raise GraderError(f"{path} was not accepted")
    print("seconds " + json.dumps(seconds))


if __name__ == "__main__":
    main()
