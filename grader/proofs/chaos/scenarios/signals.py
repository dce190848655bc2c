"""Signals come in the middle of a grading."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from grader.proofs.chaos.corpus import Act, family
from grader.proofs.chaos.world import NUMBER, World, unlike

INTERRUPTED = "interrupted; nothing is left running"


def _sent(number: signal.Signals, code: int, says: str, command: str) -> Act:
    """Return the scenario in which this signal comes while a submission is at work."""

    def act(world: World) -> Iterator[str]:
        world.slow()
        running = world.start(*{"exercise": ("exercise", NUMBER), "all": ("all",)}[command], before=_as_in_a_shell)
        world.wait_for_work()
        running.send_signal(number)
        yield from unlike(world.ended(running), code, says)
        yield from world.left()
        yield from world.passes_again()

    act.__name__ = f"{number.name.lower()}_in_{command}"
    act.__doc__ = f"{number.name} comes while {command} is at work."
    return act


def _as_in_a_shell() -> None:
    """Whoever runs this in the background may have told it to ignore some."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def _as_a_group() -> None:
    _as_in_a_shell()
    os.setpgid(0, 0)


def _to_everybody(world: World) -> Iterator[str]:
    """Ctrl-C reaches every process of the command at once, three times."""
    world.slow()
    running = world.start("exercise", NUMBER, before=_as_a_group)
    world.wait_for_work()
    for _ in range(3):
        os.killpg(running.pid, signal.SIGINT)
        world.wait(0.02)
    yield from unlike(world.ended(running), 130)
    yield from world.left()
    yield from world.passes_again()


def _before_it_began(world: World) -> Iterator[str]:
    """Ctrl-C comes while torch is being loaded."""
    running = world.start("exercise", NUMBER, before=_as_in_a_shell)
    world.wait(0.7)
    running.send_signal(signal.SIGINT)
    ended = world.ended(running)
    if ended.code not in (130, -signal.SIGINT):
        yield f"exit code {ended.code}: {ended.said[-300:]}"
    yield from world.left()


def _stopped_and_continued(world: World) -> Iterator[str]:
    """The command is stopped for two seconds and goes on, as after Ctrl-Z and fg."""
    world.slow(1.0)
    running = world.start("exercise", NUMBER)
    world.wait_for_work()
    running.send_signal(signal.SIGSTOP)
    world.wait(2.0)
    running.send_signal(signal.SIGCONT)
    yield from unlike(world.ended(running), 0)


def _watch_hears(number: signal.Signals) -> Act:
    """Return the scenario in which `watch` gets this signal while it grades."""

    def act(world: World) -> Iterator[str]:
        world.slow()
        screen = world.watch()
        world.wait_for_work(screen)
        screen.process.kill(number)
        world.until(lambda: not screen.alive, "watch did not end")
        yield from world.left()
        yield from world.passes_again()

    act.__name__ = f"{number.name.lower()}_in_watch"
    act.__doc__ = f"{number.name} comes while watch grades."
    return act


SCENARIOS = family(
    "signal",
    _sent(signal.SIGINT, 130, INTERRUPTED, "exercise"),
    _sent(signal.SIGTERM, -15, "", "exercise"),
    _sent(signal.SIGHUP, -1, "", "exercise"),
    _sent(signal.SIGINT, 130, INTERRUPTED, "all"),
    _to_everybody, _before_it_began, _stopped_and_continued,
    _watch_hears(signal.SIGTERM), _watch_hears(signal.SIGHUP),
)  # fmt: skip
