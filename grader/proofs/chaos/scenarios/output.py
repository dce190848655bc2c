"""Standard input, output and error are closed, full, or read by nobody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from grader.proofs.chaos.corpus import family
from grader.proofs.chaos.world import NUMBER, World, unlike


def _closed(*handles: int) -> Callable[[], None]:
    def close() -> None:
        for each in handles:
            os.close(each)

    return close


def _output_closed(world: World) -> Iterator[str]:
    """Standard output is closed."""
    yield from unlike(world.run("exercise", NUMBER, before=_closed(1)), 0)


def _error_closed(world: World) -> Iterator[str]:
    """Standard error is closed, and there is something to say."""
    world.database.parent.write_text("", encoding="utf-8")
    yield from unlike(world.run("exercise", NUMBER, before=_closed(2)), 0)


def _all_closed(world: World) -> Iterator[str]:
    """Standard input, output and error are closed."""
    yield from unlike(world.run("exercise", NUMBER, before=_closed(0, 1, 2)), 0)


def _output_full(world: World) -> Iterator[str]:
    """Standard output is on a full disk."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        running = world.start("exercise", NUMBER, out=full.fileno())
        yield from unlike(world.ended(running), 2, "standard output cannot be written: No space left on device")


def _json_full(world: World) -> Iterator[str]:
    """JSON goes to standard output, which is on a full disk."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        running = world.start("exercise", NUMBER, "--json", "-", out=full.fileno())
        ended = world.ended(running)
    if ended.code != 2 or "standard output cannot be written" not in ended.said:
        yield f"exit code {ended.code}: {ended.said[-300:]}"


def _report_full(world: World) -> Iterator[str]:
    """The file that a report is written to is on a full disk, or not there."""
    yield from unlike(world.run("exercise", NUMBER, "--json", "/dev/full"), 2, "No space left")
    yield from unlike(world.run("exercise", NUMBER, "--svg", str(world.root / "no" / "x.svg")), 2, "cannot be written")


def _nobody_reads(world: World) -> Iterator[str]:
    """Whoever read standard output has gone, as `| head` does."""
    reading, writing = os.pipe()
    running = world.start("list", out=writing)
    os.close(reading)
    os.close(writing)
    yield from unlike(world.ended(running), (0, 1))


SCENARIOS = family(
    "output", _output_closed, _error_closed, _all_closed, _output_full, _json_full, _report_full, _nobody_reads
)
