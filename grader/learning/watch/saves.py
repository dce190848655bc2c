"""Tells when a file was saved, however an editor does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import watchfiles

# A save is taken to be over once nothing has happened for STEP, or after DEBOUNCE at the latest.
STEP_MS, DEBOUNCE_MS = 5, 50
POLL_SECONDS, RETRY_SECONDS = 0.2, 0.5


async def saves(path: Path, *, poll: bool) -> AsyncGenerator[None, None]:
    """Yield whenever the file may have changed, until closed.

    The folder is watched, so that a file that is renamed over, deleted or made anew is noticed; where the file is a
    link, the folder that it leads to as well. For file systems without events, `poll` yields again and again instead.
    """
    while poll:
        await asyncio.sleep(POLL_SECONDS)
        yield
    while True:
        try:
            target = path.resolve()
            async with aclosing(_changes(path, target)) as found:
                async for _ in found:
                    yield
                    if path.resolve() != target:
                        break
        except (OSError, RuntimeError):  # a folder has gone, and may come back; or links lead in a circle
            await asyncio.sleep(RETRY_SECONDS)
        yield


def _changes(path: Path, target: Path) -> AsyncGenerator[set[watchfiles.main.FileChange], None]:
    return watchfiles.awatch(
        *{path.parent, target.parent},
        watch_filter=lambda _, changed: Path(changed).name in (path.name, target.name),
        debounce=DEBOUNCE_MS, step=STEP_MS, recursive=False,
    )  # fmt: skip
