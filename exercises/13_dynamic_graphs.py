"""13 Dynamic graphs

PyTorch records the graph while your code runs, and frees it after backward: the next call builds a new one.
That costs a little time, and in return a net is ordinary Python. A `for`, an `if`, a `while` or a recursion
may depend on the input, so a long sentence gets a deep graph and a short one a shallow graph. A layer that is
used several times in one run is one set of weights, whose gradient is the sum over all its uses.

    >>> import torch
    >>> weight = torch.tensor(0.5, requires_grad=True)
    >>> for depth in (1, 3):
    ...     h = torch.tensor(2.0)
    ...     for _ in range(depth):
    ...         h = h * weight
    ...     print(depth, h.item(), torch.autograd.grad(h, weight)[0].item())
    1 1.0 2.0
    3 0.25 1.5

Everything here is float32 or float64, on any one device; results have the dtype and device of the arguments,
gradients flow through them to every tensor that took part, and no argument is changed.

Read on: https://docs.pytorch.org/docs/stable/notes/autograd.html#how-autograd-encodes-the-history
"""

from typing import TypeAlias

import torch

Tree: TypeAlias = "int | tuple[Tree, Tree]"


class DynamicNet(torch.nn.Module):
    """Step 1. A net that draws a new depth at each run.

    inputs, hidden, outputs: the numbers of features. most: the largest depth.

    Its parts are three `torch.nn.Linear`: `self.first` (inputs to hidden), `self.middle` (hidden to
    hidden) and `self.last` (hidden to outputs), with biases, and nothing else that has parameters.

    `forward` gets x of shape (N, inputs) and a `torch.Generator` on the CPU. It draws
    depth = torch.randint(most + 1, (1,), generator=generator), one draw at each run and no other. Then it
    computes h = relu(first(x)), and `depth` times (perhaps never) h = relu(middle(h)), with the same layer
    each time. Returns last(h), of shape (N, outputs).
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, most: int) -> None:
        raise NotImplementedError("step 1: DynamicNet")

    def forward(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        raise NotImplementedError("step 1: DynamicNet")


def settle(x: torch.Tensor, rate: torch.Tensor, limit: float) -> tuple[torch.Tensor, int]:
    """Step 2. Let the numbers decide how often something happens.

    x: of any shape, its norm (the root of the sum of the squares) above 0. rate: no dimensions, between
    0 and 1. limit: above 0.

    As long as the norm of x is greater than `limit`, multiply x by `rate`, hundreds of times if need be; if
    the norm is not greater to begin with, leave x alone. You may ask a tensor a question, but the result must
    be computed from tensors.

    Returns (result, count): the x at the end, and how often it was multiplied, an int.
    """
    raise NotImplementedError("step 2: settle")


def read_sequence(cell: torch.nn.Linear, sequence: torch.Tensor) -> torch.Tensor:
    """Step 3. A recurrent net: one layer is used as many times as the sequence is long.

    cell: from F + H features to H. sequence: of shape (T, F), T may be 0.

    h begins as H zeros, on the device and with the dtype of `sequence`. For each row x of the sequence,
    first to last, h = tanh(cell(x and h in one vector, x first)).

    Returns the last h, of shape (H,).
    """
    raise NotImplementedError("step 3: read_sequence")


def read_tree(combine: torch.nn.Linear, vectors: torch.Tensor, tree: Tree) -> torch.Tensor:
    """Step 4. A recursive net: the graph has the shape of a parse tree.

    combine: from 2 * D features to D. vectors: of shape (W, D), one row for each word.
    tree: the number of a word, or a pair (left, right) of trees, such as ((0, 2), 1).

    The vector of a word is its row. The vector of a pair is tanh(combine(left and right in one vector,
    left first)), from the vectors of its parts.

    Returns the vector of the whole tree, of shape (D,).
    """
    raise NotImplementedError("step 4: read_tree")


def route(x: torch.Tensor, positive: torch.nn.Module, other: torch.nn.Module) -> torch.Tensor:
    """Step 5. A modular net: the input chooses the part that works on it.

    x: of shape (N, F), N at least 1. Rows whose sum is above 0 go through `positive`, all others through
    `other`. Both are modules from (n, F) to (n, K), n at least 1; call the modules themselves, not their
    `forward`.

    A row goes through its own module and not through the other one, and a module that no row chooses
    does not run at all: its parameters are not part of the graph, and keep a `.grad` of None.

    Returns the results, of shape (N, K), in the order of the rows.
    """
    raise NotImplementedError("step 5: route")


def count_nodes(tensor: torch.Tensor) -> int:
    """Step 6. Look at the graph that a run has left behind.

    `tensor.grad_fn` is the node that made the tensor, None where nothing was recorded. A node's
    `next_functions` is a tuple of pairs (node, number): where its gradients go; a node of None leads
    nowhere and does not count. Nodes at leaves (AccumulateGrad) do count.

    Returns how many different nodes can be reached from `tensor`, including its own. A node that can be
    reached along several paths counts once. (To remember nodes, keep the nodes themselves, not their
    `id()`, which may be used again.)
    """
    raise NotImplementedError("step 6: count_nodes")
