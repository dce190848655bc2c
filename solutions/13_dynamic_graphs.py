"""13 Dynamic graphs"""

from typing import TypeAlias

import torch

Tree: TypeAlias = "int | tuple[Tree, Tree]"


class DynamicNet(torch.nn.Module):
    def __init__(self, inputs: int, hidden: int, outputs: int, most: int) -> None:
        super().__init__()
        self.most = most
        self.first = torch.nn.Linear(inputs, hidden)
        self.middle = torch.nn.Linear(hidden, hidden)
        self.last = torch.nn.Linear(hidden, outputs)

    def forward(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        depth = int(torch.randint(self.most + 1, (1,), generator=generator))
        h = self.first(x).relu()  # (N, hidden)
        # One layer used again and again: its gradient is the sum over all its uses.
        for _ in range(depth):
            h = self.middle(h).relu()
        return self.last(h)  # (N, outputs)


def settle(x: torch.Tensor, rate: torch.Tensor, limit: float) -> tuple[torch.Tensor, int]:
    count = 0
    # The condition turns a tensor into a bool, which is not part of the graph; the product is.
    while x.norm() > limit:
        x = x * rate
        count += 1
    return x, count


def read_sequence(cell: torch.nn.Linear, sequence: torch.Tensor) -> torch.Tensor:
    # `new_zeros` takes the dtype and the device from the sequence.
    h = sequence.new_zeros(cell.out_features)  # (H,)
    for x in sequence:
        h = torch.tanh(cell(torch.cat([x, h])))
    return h


def read_tree(combine: torch.nn.Linear, vectors: torch.Tensor, tree: Tree) -> torch.Tensor:
    if isinstance(tree, int):
        return vectors[tree]  # (D,)
    # The graph takes the shape of the tree, because it is recorded while Python runs.
    left, right = (read_tree(combine, vectors, part) for part in tree)
    return torch.tanh(combine(torch.cat([left, right])))


def route(x: torch.Tensor, positive: torch.nn.Module, other: torch.nn.Module) -> torch.Tensor:
    chosen = x.sum(dim=1) > 0  # (N,)
    # subtle: called with no rows, a module would still be in the graph, with gradients of zero.
    parts = [module(x[rows]) for module, rows in ((positive, chosen), (other, ~chosen)) if rows.any()]
    order = torch.cat([chosen.nonzero(), (~chosen).nonzero()]).squeeze(1)  # which row is where in the parts
    return torch.cat(parts)[order.argsort()]


def count_nodes(tensor: torch.Tensor) -> int:
    seen = set()
    waiting = [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        # Paths meet again, and a number as an input has no node: each is counted once.
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return len(seen)
