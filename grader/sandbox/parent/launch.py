"""Which way of starting children a machine gets."""

from __future__ import annotations

import sys
from typing import Literal

from grader.sandbox.parent.launcher import Launcher

Name = Literal["fork", "portable"]


def here() -> tuple[Name, ...]:
    """Return the ways of starting children that this system has: a fork of torch is safe on Linux alone."""
    return ("fork", "portable") if sys.platform == "linux" else ("portable",)


def usual(device: str) -> Name:
    """Return the way of starting children that suits a device on this system."""
    return "portable" if device == "mps" else here()[0]


def start(device: str, name: Name | None = None) -> Launcher:
    """Return the launcher of that name, or the usual one; it begins to load torch at once, beside what comes next."""
    if sys.platform == "linux" and (name or usual(device)) == "fork":
        from grader.sandbox.parent.fork import ForkLauncher

        return ForkLauncher()
    from grader.sandbox.parent.portable import PortableLauncher

    return PortableLauncher()
