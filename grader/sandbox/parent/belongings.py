"""What a child is given to work with, and the ends of it that stay here: a folder, a channel, a pipe, a group."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace

from grader.sandbox.parent import cgroup
from grader.sandbox.parent.output import Pipe
from grader.sandbox.shared import scratch
from grader.sandbox.shared.policy import Policy


class Belongings:
    """All of it or nothing: where one part cannot be had, the others are given back."""

    def __init__(self) -> None:
        with contextlib.ExitStack() as undo:
            self.scratch = tempfile.mkdtemp(prefix="grader-")
            undo.callback(scratch.remove, self.scratch)
            self.channel, self._theirs = socket.socketpair()
            undo.callback(self.channel.close)
            undo.callback(self._theirs.close)
            reading, self._writing = os.pipe()
            undo.callback(os.close, reading)
            self.output = Pipe(reading)
            self._group = cgroup.make()
            if self._group:
                undo.callback(self._group.end)
            self._given_back = undo.pop_all()

    def named_in(self, policy: Policy) -> Policy:
        """Return a policy that grants the scratch folder, and names the group to join."""
        return replace(policy, scratch=self.scratch, group=self._group.members if self._group else "")

    @contextlib.contextmanager
    def handed_over(self) -> Iterator[tuple[int, int]]:
        """Yield the child's descriptors, of its channel and for its prints; afterwards the child alone has them."""
        try:
            yield self._theirs.fileno(), self._writing
        except BaseException:
            self.give_back()
            raise
        finally:
            os.close(self._writing)
            self._theirs.close()

    def give_back(self) -> None:
        """Close what is open here, and remove the scratch folder; does nothing the second time."""
        self._given_back.close()
