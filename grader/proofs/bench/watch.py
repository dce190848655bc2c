"""How long `watch` takes from a save to the verdict on the screen, timed from outside in a pseudo-terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.catalogue.catalogue import Exercise
from grader.proofs.tools.processes import processor_seconds
from grader.proofs.tools.pseudo_terminal import PseudoTerminal
from grader.proofs.tools.spare_checkout import spare_checkout

SETTLE_SECONDS = 0.5  # a learner does not save again sooner
IDLE_SECONDS = 10.0


def save_and_switch_seconds(exercise: Exercise, runs: int) -> tuple[list[float], list[float], float]:
    """Return the seconds from a save to its verdict, those from a key to another exercise, and the idle load.

    The load is the processor time of all processes by wall time.
    """
    with _watching(exercise) as (terminal, file):
        right = exercise.solution.read_text(encoding="utf-8")
        _until_verdict(terminal, exercise.number)  # the first one waits for torch, and is no save
        saves = [_save(terminal, file, text, passes) for _ in range(runs) for text, passes in _two(right, exercise)]
        switches = [_switch(terminal, key, number) for _ in range(runs) for key, number in _there_and_back(exercise)]
        time.sleep(2)
        return saves, switches, _idle_load(terminal.pid)


@contextmanager
def _watching(exercise: Exercise) -> Iterator[tuple[PseudoTerminal, Path]]:
    """Yield `watch` on a checkout of its own, and the file to save."""
    with spare_checkout() as checkout:
        terminal = PseudoTerminal([sys.executable, "-m", "grader", "watch", exercise.name], checkout)
        try:
            yield terminal, checkout / "exercises" / exercise.stub.name
        finally:
            terminal.end()


def _two(right: str, exercise: Exercise) -> Iterator[tuple[str, bool]]:
    """Yield two texts in turn, each with whether it passes."""
    yield right, True
    yield right + f"\n\ndef {exercise.steps[-1]}(*arguments):\n    return None\n", False


def _save(terminal: PseudoTerminal, file: Path, text: str, passes: bool) -> float:
    time.sleep(SETTLE_SECONDS)
    terminal.text  # noqa: B018  draws what is still to be drawn
    file.write_text(text, encoding="utf-8")
    saved = time.perf_counter()
    return terminal.until(lambda shown: ("★ Passed" in shown) is passes, "the verdict") - saved


def _there_and_back(exercise: Exercise) -> Iterator[tuple[str, int]]:
    yield "n", exercise.number + 1
    yield "p", exercise.number


def _switch(terminal: PseudoTerminal, key: str, number: int) -> float:
    """Return the seconds from a key to the verdict on the neighbour, which stands there once it says how long."""
    time.sleep(SETTLE_SECONDS)
    terminal.text  # noqa: B018
    typed = terminal.type(key)
    return _until_verdict(terminal, number) - typed


def _until_verdict(terminal: PseudoTerminal, number: int) -> float:
    """Wait for the verdict on an exercise, which stands there once it says how long it took; return when it came."""
    return terminal.until(lambda text: text.startswith(f"{number:02} ") and " s " in text[:80], f"{number:02}")


def _idle_load(root: int) -> float:
    before, started = processor_seconds(root), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    return (processor_seconds(root) - before) / (time.perf_counter() - started)
