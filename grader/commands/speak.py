"""Tells the person at the terminal things other than what a command prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from grader.errors import UsageError

Item = TypeVar("Item")


def complain(text: str) -> None:
    """Report a problem in one line on standard error; report nothing if there is none."""
    if text:
        print(f"grader: {text}", file=sys.stderr)


def watched(work: Iterable[Item], total: int, doing: str, console: Console) -> Iterable[Item]:
    """Return the same items, with a progress bar if somebody is watching and there is more than one."""
    if total < 2 or not console.is_terminal:
        return work
    from rich.progress import track

    return track(work, doing, total, console=console, transient=True)


def write(path: str, text: str) -> None:
    """Write a file, or to standard output for `-`."""
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
