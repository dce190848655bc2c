"""The autograd graph behind a tensor as a tree of text, beside what a check may say of the one it expected.

Of what was expected only the ends are told: whether anything is recorded, and where gradients land. The operations
between them are the learner's to find, so no reference's graph is ever shown.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from grader.sandbox.shared.seen import SeenNode, SeenTensor
from grader.vocabulary.words import ordinal, shorten

MOST_LINES = 16
MOST_LETTERS = 60  # of a name
NO_GRAPH = "no graph: requires_grad=False"
LEAF = "a leaf that requires a gradient: gradients land here"


def tree(tensor: SeenTensor) -> tuple[str, ...]:
    """Return the graph behind a tensor, one line a node; of a large one the part that is nearest to the tensor."""
    if tensor.graph:
        return _bounded(_lines(tensor.graph, 0, "", "", set()))
    if tensor.grad_fn is not None:
        return (f"{_name(tensor.grad_fn)} {tensor.shape}",)
    return (_landing(tensor) if tensor.requires_grad else NO_GRAPH,)


def _landing(tensor: SeenTensor) -> str:
    return f"{LEAF}, and {'one did' if tensor.grad is not None else 'none did yet'}"


def _lines(nodes: tuple[SeenNode, ...], at: int, first: str, more: str, shown: set[int]) -> Iterator[str]:
    if at < 0:
        yield f"{first}an input that requires no gradient"
        return
    node = nodes[at]
    yield f"{first}{_node(node)}{' (the same as above)' if at in shown else ''}"
    if at in shown:
        return
    shown.add(at)
    for index, following in enumerate(node.next):
        last = index == len(node.next) - 1
        yield from _lines(
            nodes, following, f"{more}{'└─' if last else '├─'} ", f"{more}{'  ' if last else '│ '} ", shown
        )


def _node(node: SeenNode) -> str:
    shape = "" if node.shape is None else f" {node.shape}"
    if not node.is_leaf:
        return f"{_name(node.name)}{shape}"
    which = "" if node.same_as is None else f", {_argument(node.same_as)}"
    return f"leaf{shape}{which}: {'a gradient landed here' if node.has_grad else 'gradients land here'}"


def _argument(label: str) -> str:
    return (
        f"{ordinal(int(label))} of the call" if label.isdecimal() else f"`{shorten(label, MOST_LETTERS)}` of the call"
    )


def _name(name: str) -> str:
    return shorten(name, MOST_LETTERS)


def _bounded(lines: Iterator[str]) -> tuple[str, ...]:
    found = list(lines)
    return (*found[:MOST_LINES], f"… {len(found) - MOST_LINES} more") if len(found) > MOST_LINES else tuple(found)


def of_requires_grad(expected: bool) -> tuple[str, ...]:
    """Return what is told of a tensor of which `requires_grad` was expected to be this."""
    return (
        "a graph that leads back to a leaf that requires a gradient, or such a leaf itself" if expected else NO_GRAPH,
    )


def of_leaf(expected: bool) -> tuple[str, ...]:
    """Return what is told of a tensor that was expected to be a leaf, or not to be one."""
    return ("a leaf: nothing behind it" if expected else "a result: a grad_fn, and leaves behind it",)


def of_grad(expected: torch.Tensor | None) -> tuple[str, ...]:
    """Return what is told of a tensor of which `.grad` was expected to be this."""
    return (
        ("no gradient lands at this tensor",)
        if expected is None
        else (f"a gradient of shape {tuple(expected.shape)} lands at this tensor",)
    )
