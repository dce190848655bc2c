"""Tells the person at the terminal things other than what a command prints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from grader.errors import UsageError
from grader.reports.formats import FORMATS

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


def takes_standard_output(options: argparse.Namespace) -> bool:
    """Return whether something is written to standard output, so that people must be told on standard error."""
    asked = [each.name for each in FORMATS if getattr(options, each.name, None) == "-"]
    if len(asked) > 1:
        raise UsageError(f"standard output can take one of {' and '.join(f'--{name}' for name in asked)}, not both")
    return bool(asked)


def write(path: str, text: str) -> None:
    """Write a file, or to standard output for `-`."""
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
