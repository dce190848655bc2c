"""Proves that nothing is lost or left when things go wrong around the grader.

Each scenario works in a copy of the checkout: processes are killed, disks fill up, files are replaced, programs hold
the record. Looked at are the exit code, the one line that is said, and what is left: no process, no scratch folder, the
record and the learner's file whole.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import track

from grader.proofs.chaos import scenarios, to_chaos
from grader.proofs.chaos.corpus import Result, Scenario, chosen, tried
from grader.proofs.chaos.world import World

PR_SET_CHILD_SUBREAPER = 36


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the scenarios, print a table, and return 0 where all of them ended as they must, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m grader.proofs.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", help="try only the scenarios whose names hold one of these")
    options = parser.parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    if sys.platform != "linux":
        console.print("The scenarios are tried on Linux only: what is left of a process is looked for in /proc.")
        return 0
    started = time.perf_counter()
    watched = track(
        chosen(scenarios.ALL, options.names), "trying", console=console, transient=True, disable=not console.is_terminal
    )
    results = [run(scenario) for scenario in watched]
    console.print(to_chaos.table(results, time.perf_counter() - started))
    return int(any(result.troubles for result in results))


def run(scenario: Scenario) -> Result:
    """Try one scenario in a world of its own, and look at what is left."""
    # Orphans come to this process, so that none is overlooked.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.perf_counter()
    with World(scenario.folder) as world:
        try:
            troubles, skipped = tried(scenario, world)
            troubles += [] if skipped else world.left()
        except Exception as error:  # a scenario that came to nothing has shown nothing
            troubles, skipped = [f"{type(error).__name__}: {error}"], ""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    return Result(scenario, tuple(troubles), time.perf_counter() - started, skipped)
