"""What the calls of a step cost, as it was counted in the child, and how two answers differ in it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from grader.units import size

SLOWER = 3.0  # times: anything less is noise
SLOWEST_UNSEEN = 0.05  # seconds: below this, nobody cares


@dataclass(frozen=True)
class Cost:
    """Sums over all calls of a step: operations of torch, copies among them, new tensors, nodes of graphs, seconds."""

    operations: int = 0
    copies: int = 0
    bytes: int = 0
    nodes: int = 0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        """Return the sum of both."""
        return Cost(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def quicker(first: dict[str, Cost], again: dict[str, Cost]) -> dict[str, Cost]:
    """Return the less time of two countings of the same calls; what was counted only once is left out."""
    both = first.keys() & again.keys()
    return {
        step: replace(cost, seconds=min(cost.seconds, again[step].seconds))
        for step, cost in first.items()
        if step in both
    }


def differences(yours: Cost, solution: Cost) -> list[str]:
    """Return in words what differs; nothing where both cost the same."""
    said = [
        f"{getattr(yours, name)} {word}, the solution {getattr(solution, name)}"
        for name, word in (("operations", "operations"), ("copies", "copies of tensors"), ("nodes", "graph nodes"))
        if getattr(yours, name) != getattr(solution, name)
    ]
    if yours.bytes != solution.bytes:
        said.append(f"{size(yours.bytes)} of new tensors, the solution {size(solution.bytes)}")
    slow, fast = sorted((yours.seconds, solution.seconds), reverse=True)
    if slow > SLOWEST_UNSEEN and slow > SLOWER * fast:
        times = f"{slow / max(fast, 1e-9):.1f} times"
        said.append(f"{times} {'as slow' if yours.seconds > solution.seconds else 'as fast'} as the solution")
    return said
