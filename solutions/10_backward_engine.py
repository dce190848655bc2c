"""10 An engine for backward"""

import math
from dataclasses import dataclass


@dataclass(eq=False)
class Node:
    """A number and how it was computed."""

    value: float
    parents: tuple["Node", ...] = ()
    local_gradients: tuple[float, ...] = ()
    requires_grad: bool = False
    grad: float | None = None


def add(a: Node, b: Node) -> Node:
    # A sum passes on what reaches it to both sides unchanged, hence 1 and 1.
    return Node(a.value + b.value, (a, b), (1.0, 1.0), a.requires_grad or b.requires_grad)


def multiply(a: Node, b: Node) -> Node:
    # Each factor's derivative is the other factor.
    return Node(a.value * b.value, (a, b), (b.value, a.value), a.requires_grad or b.requires_grad)


def tanh(a: Node) -> Node:
    value = math.tanh(a.value)
    # The derivative in terms of the result, which is already at hand.
    return Node(value, (a,), (1 - value**2,), a.requires_grad)


def topological_order(root: Node) -> list[Node]:
    finished: list[Node] = []
    seen: set[Node] = set()

    def visit(node: Node) -> None:
        if node in seen:
            return
        seen.add(node)
        for parent in node.parents:
            visit(parent)
        # subtle: added on the way out, when everything behind it has already been added.
        finished.append(node)

    visit(root)
    return finished[::-1]


def backward(root: Node, upstream: float = 1.0) -> None:
    # Kept outside the nodes: what passes through a result must be gone before the next pass.
    arrived = {root: upstream}
    for node in topological_order(root):
        if not node.requires_grad:
            continue
        gradient = arrived[node]
        if not node.parents:
            node.grad = gradient if node.grad is None else node.grad + gradient
        for parent, local in zip(node.parents, node.local_gradients, strict=True):
            arrived[parent] = arrived.get(parent, 0.0) + gradient * local
