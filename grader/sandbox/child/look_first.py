"""Has what the system answers as if done fail where there is no such file: `Path.touch` makes a file only then."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any


def look_first() -> None:
    """Have `os.chmod` and `os.utime` look for the file before they change it."""
    for name in ("chmod", "utime"):
        function = getattr(os, name)
        looking = _looking(function)
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if function in able:
                able.add(looking)
        setattr(os, name, looking)


def _looking(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def looking(path: Any, *args: Any, **options: Any) -> None:
        os.stat(path, **{name: options[name] for name in ("dir_fd", "follow_symlinks") if name in options})
        function(path, *args, **options)

    return looking
