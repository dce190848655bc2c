"""Starts children and ends them: what every way of doing so offers, and which way a machine gets."""

from __future__ import annotations

import socket
import sys
from typing import Protocol

from grader.sandbox.shared.policy import Policy


class Handle(Protocol):
    """One child as its launcher hands it out; `pid` and `status` may wait.

    `channel` is the trusted end of its channel, `output` a descriptor from which its prints are read without waiting,
    `scratch` the one folder that it may write to.
    """

    channel: socket.socket
    output: int
    scratch: str

    @property
    def pid(self) -> int:
        """The process id."""

    @property
    def dead(self) -> bool:
        """Whether it has ended, by itself or with the process that started it."""

    def status(self) -> int | None:
        """Return the exit code of a dead child, negative for a signal, None if it had to be killed."""

    def end(self) -> None:
        """Kill the child with all that it started, and remove its scratch folder; does nothing the second time."""


class Launcher(Protocol):
    """Starts children that have not met a submission yet."""

    def start(self, policy: Policy) -> Handle:
        """Begin a child under a policy, in a scratch folder of its own; where that fails, nothing of it is left."""

    def preload(self, modules: tuple[str, ...], probe: str) -> None:
        """Begin to load modules and a probe ahead of the children; what was asked for before is not loaded again."""

    def not_preloaded(self) -> dict[str, str]:
        """Wait until all is loaded; return what could not be, and why."""

    def close(self) -> None:
        """End everything."""


def start(device: str) -> Launcher:
    """Return the launcher for a device; it begins to load torch at once, beside whatever the caller does next."""
    if device == "mps" or sys.platform in ("darwin", "win32"):
        from grader.sandbox.parent.spawn import SpawnLauncher

        return SpawnLauncher()
    from grader.sandbox.parent.fork import ForkLauncher

    return ForkLauncher()
