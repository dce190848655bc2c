"""Tells when a file was saved, however an editor does it, and whether the file system tells of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import watchfiles

# A save is taken to be over once nothing has happened for STEP, or after DEBOUNCE at the latest.
STEP_MS, DEBOUNCE_MS = 5, 50
POLL_SECONDS, RETRY_SECONDS = 0.2, 0.5
LOOK_MS = 500  # how often to see by oneself whether the file has changed; twice this long, an event has time to come

Stamp = tuple[int, ...]


class Silent(Exception):
    """The file has changed, and no event has come."""


async def saves(path: Path, *, poll: bool, on_silence: Callable[[], None]) -> AsyncGenerator[None, None]:
    """Yield whenever the file may have changed, until closed.

    The folder is watched, so that a file that is renamed over, deleted or made anew is noticed; where the file is a
    link, the folder that it leads to as well. For file systems without events, `poll` yields again and again instead.
    Where a change is seen that no event told of, `on_silence` is called, and from then on it polls, too.
    """
    try:
        while not poll:
            async with aclosing(_told(path)) as found:
                async for _ in found:
                    yield
    except Silent:
        on_silence()
        yield
    while True:
        await asyncio.sleep(POLL_SECONDS)
        yield


async def _told(path: Path) -> AsyncGenerator[None, None]:
    """Yield at every event, until the file leads elsewhere; raise Silent where the file changes without one."""
    try:
        target, seen, missed = path.resolve(), _stamp(path), False
        async with aclosing(_events(path, target)) as found:
            async for events in found:
                if events:
                    yield
                    seen, missed = _stamp(path), False
                    if path.resolve() != target:
                        break
                elif (now := _stamp(path)) != seen and missed:
                    raise Silent
                else:
                    missed = now != seen
    except (OSError, RuntimeError):  # a folder has gone, and may come back; or links lead in a circle
        await asyncio.sleep(RETRY_SECONDS)
    yield


def _events(path: Path, target: Path) -> AsyncGenerator[set[watchfiles.main.FileChange], None]:
    """Yield what has happened to the file, and nothing every LOOK_MS in which nothing has."""
    return watchfiles.awatch(
        *{path.parent, target.parent},
        watch_filter=lambda _, changed: Path(changed).name in (path.name, target.name),
        debounce=DEBOUNCE_MS, step=STEP_MS, recursive=False, rust_timeout=LOOK_MS, yield_on_timeout=True,
    )  # fmt: skip


def _stamp(path: Path) -> Stamp:
    """Return what changes with every save; the file is opened, since a network file system then asks its server."""
    try:
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ()
    try:
        found = os.fstat(opened)
        return found.st_mtime_ns, found.st_size, found.st_ino
    finally:
        os.close(opened)
