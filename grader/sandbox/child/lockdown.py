"""What a process gives up for good before it meets a submission, and how much of that was granted here."""

from __future__ import annotations

import sys

from grader.sandbox.shared.linux import die_with_parent
from grader.sandbox.shared.policy import Policy


def lock_down(policy: Policy) -> tuple[str, ...]:
    """Give up everything that `policy` does not grant; return the names of what is in force.

    Among them: "cgroup", "rlimits", "landlock-N", "seccomp", "seatbelt". A part that this system does not offer is left
    out of the answer, never claimed.
    """
    in_force: tuple[str, ...] = ("cgroup",) if _joined(policy.group) else ()
    if sys.platform != "win32":
        from grader.sandbox.child import rlimits

        in_force = (*in_force, *rlimits.limit(policy))
    die_with_parent()
    if sys.platform == "linux":
        from grader.sandbox.child import kernel

        in_force = (*in_force, *kernel.confine(policy))
    if sys.platform == "darwin":
        from grader.sandbox.child import seatbelt

        in_force = (*in_force, *seatbelt.confine(policy))
    return in_force


def _joined(group: str) -> bool:
    """Join a control group by its list of members; return whether that was possible."""
    if not group:
        return False
    try:
        with open(group, "w", encoding="ascii") as members:
            members.write("0")
    except OSError:
        return False
    return True


def prepare() -> None:
    """Do ahead of a child what is the same for all of them."""
    if sys.platform == "linux":
        from grader.sandbox.child import kernel, rlimits

        rlimits.address_space()
        kernel.prepare()
