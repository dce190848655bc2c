"""Starts a fresh interpreter for each child: slower, but safe where a forked torch is not."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from dataclasses import asdict

from grader.sandbox.parent import interpreter
from grader.sandbox.parent.belongings import Belongings
from grader.sandbox.shared.policy import Policy

DYING_SECONDS = 0.5


class SpawnLauncher:
    """Has each child load for itself what was asked for."""

    def __init__(self) -> None:
        self._children: list[SpawnedChild] = []
        self._modules: list[str] = []

    def start(self, policy: Policy) -> SpawnedChild:
        self._children = [child for child in self._children if not child.ended]
        self._children.append(SpawnedChild(policy, self._modules))
        return self._children[-1]

    def preload(self, modules: tuple[str, ...], probe: str) -> None:  # noqa: ARG002  each compiles its own
        """Note what every child is to load before it is locked down."""
        self._modules += [name for name in modules if name not in self._modules]

    def not_preloaded(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        for child in self._children:
            child.end()


class SpawnedChild:
    """An interpreter of its own; see Handle."""

    def __init__(self, policy: Policy, modules: list[str]) -> None:
        self.ended = False
        self._own = own = Belongings()
        self.channel, self.output, self.scratch = own.channel, own.output, own.scratch
        with own.handed_over() as handles:
            granted = json.dumps(asdict(own.named_in(policy)))
            self._process = subprocess.Popen(
                interpreter.command("child.server", "spawned", *map(str, handles), granted, json.dumps(modules)),
                pass_fds=handles, env=interpreter.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, process_group=0,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def dead(self) -> bool:
        return self._process.poll() is not None

    def status(self) -> int | None:
        try:
            return self._process.wait(timeout=DYING_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
            self._own.give_back()
