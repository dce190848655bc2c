"""Starts children and ends them: what every way of doing so offers, and which way a machine gets."""

from __future__ import annotations

import socket
import sys
from typing import Literal, Protocol

from grader.errors import GraderError
from grader.sandbox.parent.output import Output
from grader.sandbox.shared.policy import Policy

Name = Literal["fork", "portable"]


class CannotStart(GraderError):
    """A child cannot be started now, for want of processes, memory, descriptors or room; the text says of what."""


class Handle(Protocol):
    """One child as its launcher hands it out; `pid` and `status` may wait.

    `channel` is the trusted end of its channel, `output` what it prints, `scratch` the one folder that it may write
    to.
    """

    channel: socket.socket
    scratch: str

    @property
    def in_force(self) -> tuple[str, ...]:
        """What confines it from outside."""

    @property
    def output(self) -> Output:
        """What it prints."""

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
    """Starts children that have not met a submission yet; `ahead` is how many it pays to start before their turn."""

    ahead: int

    def expect(self, *, more: bool) -> None:
        """Learn whether the next grading will be the last."""

    def start(self, policy: Policy) -> Handle:
        """Begin a child under a policy, in a scratch folder of its own; where that fails, nothing of it is left."""

    def preload(self, modules: tuple[str, ...], probe: str) -> None:
        """Begin to load modules and a probe ahead of the children; what was asked for before is not loaded again."""

    def not_preloaded(self) -> dict[str, str]:
        """Wait until all is loaded; return what could not be, and why."""

    def close(self) -> None:
        """End everything."""


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
