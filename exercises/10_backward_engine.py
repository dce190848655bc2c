"""10 An engine for backward

What `backward` does fits on a page. Each operation leaves behind a node that knows its parents, the nodes it was
computed from, and for each parent a *local gradient*: the derivative of its own value with respect to that parent's.
Going back from the last node, each node multiplies the gradient that arrived at it by its local gradients and
passes the products on. A node that was used several times receives several contributions: they add up, and the node
must pass nothing on until all of them have arrived. Here you write this engine for single numbers; torch's does the
same for tensors.

    >>> import torch
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> square = x * x
    >>> y = square * square
    >>> y.backward()
    >>> x.grad
    tensor(108.)

Four paths lead from y back to x, but autograd visits each of the two operations once.

Read on: https://docs.pytorch.org/tutorials/beginner/blitz/autograd_tutorial.html
"""

import math
from dataclasses import dataclass


@dataclass(eq=False)
class Node:
    """Given, and complete: a number and how it was computed.

    parents: the nodes it was computed from; empty for a leaf. The same node may appear twice.
    local_gradients: for each parent, the derivative of `value` with respect to that parent's value.
    requires_grad: False for a constant.
    grad: the gradient that backward left there; None until it has left one.
    """

    value: float
    parents: tuple["Node", ...] = ()
    local_gradients: tuple[float, ...] = ()
    requires_grad: bool = False
    grad: float | None = None


def add(a: Node, b: Node) -> Node:
    """Step 1. Add two numbers, and record the operation.

    Returns a new Node: `value` is the sum, `parents` are a and b in this order, `local_gradients` the derivatives of
    the sum with respect to a and to b, and it requires a gradient if at least one of a and b does. Its `grad`
    is None. a and b stay as they are; they may be the same node.
    """
    raise NotImplementedError("step 1: add")


def multiply(a: Node, b: Node) -> Node:
    """Step 2. Multiply two numbers, and record the operation.

    Everything is as in step 1, with the product instead of the sum.
    """
    raise NotImplementedError("step 2: multiply")


def tanh(a: Node) -> Node:
    """Step 3. Take the hyperbolic tangent (`math.tanh`), and record the operation.

    Its derivative at a number is 1 minus the square of the hyperbolic tangent of that number.

    Returns a new Node with a as its only parent; everything else is as in step 1.
    """
    raise NotImplementedError("step 3: tanh")


def topological_order(root: Node) -> list[Node]:
    """Step 4. List the graph behind `root` so that backward can walk along the list.

    The list holds root and every node that it was computed from, directly or through others, leaves and constants
    included: each exactly once, and each before its own parents, so root comes first. If several orders do that,
    any of them will do.

    The work must grow with the number of nodes and not with the number of paths through them: look at the `parents`
    of one node 20 times at most, however often it was used. No path through the graph is longer than 100 nodes, so
    your functions may call themselves.
    """
    raise NotImplementedError("step 4: topological_order")


def backward(root: Node, upstream: float = 1.0) -> None:
    """Step 5. Run backward from `root`, as torch does.

    root: a node that requires a gradient. upstream: the gradient that arrives at it.

    Afterwards each leaf behind root (or root itself, if it is a leaf) that requires a gradient holds in `grad`, as a
    float, the sum of what was there before, if anything was, and of everything that arrived at it now. The `grad` of
    results and of constants stays None, and everything else about every node stays as it is, so that backward can
    run again. Each node passes its gradient on once, when all of it has arrived; the limit from step 4 applies here
    too. You may call `topological_order`.
    """
    raise NotImplementedError("step 5: backward")
