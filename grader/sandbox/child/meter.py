"""Counts, in the child, what a call costs: operations, copies, memory made, nodes of the graph that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode  # the only hook that sees every operation

COPIES = {"clone", "_to_copy", "copy_", "contiguous"}
MOST_NODES = 10_000


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = self.copies = self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        held = {each.untyped_storage()._cdata for each in _tensors((args, kwargs))}
        result = func(*args, **(kwargs or {}))
        self.operations += 1
        self.copies += func.overloadpacket.__name__ in COPIES
        self.bytes += sum(
            each.untyped_storage().nbytes() for each in _tensors(result) if each.untyped_storage()._cdata not in held
        )
        return result


def metered(work: Callable[[], Any]) -> tuple[Callable[[], Any], dict[str, int]]:
    """Return the same work, and a dict that holds what it cost once it is done."""
    cost: dict[str, int] = {}

    def counted() -> Any:
        counter = _Counter()
        with counter:
            value = work()
        cost.update(operations=counter.operations, copies=counter.copies, bytes=counter.bytes, nodes=_nodes(value))
        return value

    return counted, cost


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        if value.layout is torch.strided:
            yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _tensors(each)


def _nodes(value: Any) -> int:
    """Return how many operations autograd remembers behind all tensors in a value."""
    waiting = [each.grad_fn for each in _tensors(value) if each.grad_fn is not None]
    seen = set(waiting)
    while waiting and len(seen) < MOST_NODES:
        for node, _ in waiting.pop().next_functions:
            if node is not None and node not in seen:
                seen.add(node)
                waiting.append(node)
    return len(seen)
