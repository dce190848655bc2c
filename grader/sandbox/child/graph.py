"""What autograd has recorded behind a tensor, as nodes that can be sent: bounded, and told by their names alone."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import torch

from grader.sandbox.shared.freeze import text_of, type_name
from grader.sandbox.shared.messages import MAX_DIMENSIONS, MAX_EDGES, MAX_GRAPH, MAX_NAME, GraphNode

NOTHING = -1  # in the place of an input that requires no gradient


def behind(function: Any, arguments: dict[str, object]) -> list[GraphNode]:
    """Return the nodes from a tensor's grad_fn on, nearest first; what lies beyond the bound is left out.

    A node may be of a class of the submission's own, which answers to questions as it likes: then there are none.
    """
    try:
        return _walked(function, arguments)
    except BaseException:
        return []


def _walked(root: Any, arguments: dict[str, object]) -> list[GraphNode]:
    found, places = [root], {id(root): 0}  # all are held, or another node could get the id of one that is gone
    nodes = []
    for function in found:
        node = _node(function, arguments)
        nodes.append(node)
        for following, _ in itertools.islice(function.next_functions, MAX_EDGES):
            if following is not None and id(following) not in places:
                if len(found) == MAX_GRAPH:
                    continue
                places[id(following)] = len(found)
                found.append(following)
            node.next.append(NOTHING if following is None else places[id(following)])
    return nodes


def _node(function: Any, arguments: dict[str, object]) -> GraphNode:
    name = text_of(type_name(function), MAX_NAME)
    variable = getattr(function, "variable", None)
    if name != "AccumulateGrad" or not isinstance(variable, torch.Tensor):
        return GraphNode(name, [], _shape(function))
    label = next((label for label, argument in arguments.items() if argument is variable), None)
    return GraphNode(name, [], list(variable.shape)[:MAX_DIMENSIONS], True, variable.grad is not None, label)


def _shape(function: Any) -> list[int] | None:
    """Return the shape of what a node's operation has made, None where torch does not say."""
    with contextlib.suppress(Exception):
        return [int(size) for size in function._input_metadata[0].shape][:MAX_DIMENSIONS]
    return None
