"""`python -m grader.proofs.fuzz`: answers of honest children with one part changed, strange answers, broken frames."""

from __future__ import annotations

import argparse
import sys
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded

from grader.proofs.fuzz.answers import frames, honest, messages, tensors
from grader.proofs.fuzz.readers import read_frame, read_message


def main() -> int:
    """Read as many inputs as asked for; hypothesis tells the smallest one on which a reader breaks."""
    parser = argparse.ArgumentParser(prog="python -m grader.proofs.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, metavar="N", help="how many (1000000)")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn from (1)")
    options = parser.parse_args()
    started = time.perf_counter()
    try_all(options.inputs, options.seed)
    print(f"{options.inputs:,} inputs, {time.perf_counter() - started:.0f} s: none broke what reads it")
    return 0


def try_all(inputs: int, seed: int) -> None:
    """Read `inputs` inputs, a third of each kind; raise what the first one raises that breaks a reader."""
    alike = settings(
        max_examples=max(inputs // 3, 1), deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    seeded(seed)(alike(given(honest())(lambda made: read_message(*made))))()
    seeded(seed)(alike(given(messages(), tensors())(read_message)))()
    seeded(seed)(alike(given(frames())(read_frame)))()


if __name__ == "__main__":
    sys.exit(main())
