"""Tells when a file was saved, however an editor does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import watchfiles

# A save is taken to be over once nothing has happened for STEP, or after DEBOUNCE at the latest.
STEP_MS, DEBOUNCE_MS, POLL_MS = 5, 50, 200
RETRY_SECONDS = 0.5


async def saves(path: Path, *, poll: bool) -> AsyncGenerator[None, None]:
    """Yield whenever the file may have changed, until closed.

    The folder is watched, so that a file that is renamed over, deleted or made anew is noticed. `poll` looks
    again and again instead, for file systems without events.
    """
    while True:
        try:
            async for _ in watchfiles.awatch(
                path.parent,
                watch_filter=lambda _, changed: Path(changed).name == path.name,
                debounce=DEBOUNCE_MS, step=STEP_MS, force_polling=poll or None, poll_delay_ms=POLL_MS,
                recursive=False,
            ):  # fmt: skip
                yield
            return
        except (OSError, RuntimeError):  # the folder itself has gone; it may come back
            await asyncio.sleep(RETRY_SECONDS)
            yield
