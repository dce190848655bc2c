"""Opens an editor that has a window of its own, and hears whether that went well."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Sequence

from grader.harmless import one_line

HEARD_SECONDS = 3.0  # an editor that fails does so sooner; one that waits for its file to be closed goes on
LOOK_SECONDS = 0.1
FOOT_LETTERS = 200  # of what it says


async def open_window(command: Sequence[str]) -> str:
    """Start an editor and let it go its way; return what went wrong in one line, or nothing."""
    with tempfile.TemporaryFile() as said:
        try:
            running = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        except OSError as error:
            return f"`{command[0]}` cannot be started: {error.strerror}"
        for _ in range(int(HEARD_SECONDS / LOOK_SECONDS)):
            if running.poll() is not None:
                break
            await asyncio.sleep(LOOK_SECONDS)
        said.seek(0)
        return _what_went_wrong(command[0], running.returncode, said.read().decode(errors="replace"))


def _what_went_wrong(name: str, code: int | None, said: str) -> str:
    if not code:
        return ""
    last = one_line(said.strip().rpartition("\n")[2])[:FOOT_LETTERS]
    return f"`{name}` ended with exit code {code}{': ' if last else ''}{last}"
