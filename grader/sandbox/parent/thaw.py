"""Turns what a child sent into plain data; how much an answer may hold is counted here and nowhere else.

What a child sent is never believed: a tensor that contradicts its own description is a WireError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.sandbox.shared.freeze import MAX_DEPTH, MAX_NODES, SENDABLE
from grader.sandbox.shared.messages import (
    MAX_TEXT,
    ArrayFacts,
    Device,
    DictOf,
    Dtype,
    Generator,
    GraphNode,
    ListOf,
    Node,
    Scalar,
    Special,
    TensorFacts,
    TupleOf,
    Unsendable,
)
from grader.sandbox.shared.seen import Opaque, SeenArray, SeenNode, SeenTensor
from grader.sandbox.shared.wire import Arrays, WireError

MAX_LETTERS = 4_000_000  # of all strings of one answer
MAX_STRANGE_KEYS = 1000  # of one answer: floats and tuples, of which many can be made to collide in a dict
DTYPES = {str(value).removeprefix("torch."): value for value in vars(torch).values() if isinstance(value, torch.dtype)}


class Thaw:
    """Reads the values of one answer, with the tensors that came beside it."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._nodes = 0
        self._letters = 0
        self._strange_keys = 0

    def plain(self, node: Node) -> Any:
        """Return a value as plain data: Python values, SeenTensor, SeenArray and Opaque; or raise WireError."""
        try:
            return self._plain(node, 0)
        except WireError:
            raise
        except Exception as error:  # whatever breaks on a node of a child's making is the child's doing
            raise WireError(f"an answer that is not well formed ({type(error).__name__})") from None

    def _plain(self, node: Node, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > 2 * MAX_NODES:  # freeze, too, sends a node for each value that it no longer looks at
            raise WireError("an answer of too many parts")
        if depth > MAX_DEPTH:  # freeze sends none deeper, and what describes a value is no better at depth than Python
            raise WireError("an answer that is nested too deep")
        match node:
            case None | bool():
                return node
            case int():
                return _whole(node)
            case float():
                return node
            case str():
                return self._text(node)
            case ListOf(v=items):
                return [self._plain(item, depth + 1) for item in items]
            case TupleOf(v=items):
                return tuple(self._plain(item, depth + 1) for item in items)
            case DictOf(v=pairs):
                return {self._key(self._plain(k, depth + 1)): self._plain(v, depth + 1) for k, v in pairs}
            case TensorFacts():
                return self._tensor(node, depth)
            case ArrayFacts():
                return SeenArray(node.dtype, tuple(node.shape), tuple(node.shares), self._data(node))
            case _:
                return _small(node)

    def _text(self, text: str) -> str:
        self._letters += len(text)
        if len(text) > MAX_TEXT or self._letters > MAX_LETTERS:
            raise WireError("an answer of too many letters")
        return text

    def _key(self, value: Any) -> Any:
        if isinstance(value, (float, tuple)):
            self._strange_keys += 1
            if self._strange_keys > MAX_STRANGE_KEYS:
                raise WireError(f"more than {MAX_STRANGE_KEYS:,} keys that are floats or tuples")
        # subtle: the text of a dict that has dicts as keys doubles with each level, for want of quotes
        if isinstance(value, (list, dict)):
            raise WireError("a key that no dict can have")
        return value if isinstance(value, (str, int, float, bool, tuple, type(None))) else str(value)

    def _tensor(self, node: TensorFacts, depth: int) -> SeenTensor:
        if depth > MAX_DEPTH:
            raise WireError("gradients of gradients without end")
        return SeenTensor(
            dtype=node.dtype, shape=tuple(node.shape), device=node.device, requires_grad=node.requires_grad,
            is_leaf=node.leaf, retains_grad=node.retains, grad_fn=node.grad_fn, type_name=node.type,
            version=node.version, same_as=node.same_as, shares_with=tuple(node.shares), data=self._data(node),
            unsendable=node.unsendable, grad=None if node.grad is None else self._tensor(node.grad, depth + 1),
            graph=self._graph(node.graph),
        )  # fmt: skip

    def _graph(self, nodes: list[GraphNode]) -> tuple[SeenNode, ...]:
        self._nodes += len(nodes)
        if any(place >= len(nodes) for node in nodes for place in node.next):
            raise WireError("a graph that leads to a node which is not there")
        return tuple(
            SeenNode(self._text(node.name), tuple(node.next), None if node.shape is None else tuple(node.shape),
                     node.leaf, node.filled, node.same_as)
            for node in nodes
        )  # fmt: skip

    def _data(self, node: TensorFacts | ArrayFacts) -> torch.Tensor | None:
        if node.k is None:
            return None
        data = self._arrays[node.k]
        if data.dtype not in SENDABLE:
            raise WireError("a tensor of a dtype that is not compared")
        if list(data.shape) != node.shape or str(data.dtype).removeprefix("torch.") != node.dtype:
            raise WireError("a tensor that contradicts its own description")
        return data


def _whole(number: int) -> int:
    # subtle: freeze sends none beyond 64 bits, and large ones can be chosen to fall into one place of a hash table
    if abs(number) >= 2**63:
        raise WireError("a number of more than 64 bits")
    return number


def _small(node: Node) -> Any:
    match node:
        case Special(v=name):
            return float(name)
        case Dtype(v=name):
            return DTYPES[name]
        case Device(v=name):
            return torch.device(name)
        case Scalar():
            return _scalar(node)
        case Generator():
            return Opaque("Generator", "")
        case Unsendable(type=name, why=why):
            return Opaque(name, why)
    raise WireError("a value of no known kind")


def _scalar(node: Scalar) -> Any:
    """Return a numpy number; other kinds take as much memory as the number says."""
    kind = np.dtype(node.dtype)
    if kind.kind not in "bifu":
        raise WireError("a numpy value that is not a number")
    with np.errstate(all="ignore"):  # one that does not fit would warn on the learner's terminal
        return kind.type(float(node.v.v) if isinstance(node.v, Special) else node.v)
