"""Turns what the grader sent into live arguments: tensors and arrays that a submission may change."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.sandbox.shared.messages import (
    ArrayFacts,
    Device,
    DictOf,
    Dtype,
    Generator,
    ListOf,
    Node,
    Scalar,
    Special,
    TensorFacts,
    TupleOf,
    Unsendable,
)
from grader.sandbox.shared.wire import Arrays


def live(node: Node, arrays: Arrays, device: str) -> Any:
    """Return the argument that a node stands for.

    A tensor sent from the meta device arrives on the meta device, any other one on `device`.
    """
    match node:
        case ListOf(v=items):
            return [live(item, arrays, device) for item in items]
        case TupleOf(v=items):
            return tuple(live(item, arrays, device) for item in items)
        case DictOf(v=pairs):
            return {live(k, arrays, device): live(v, arrays, device) for k, v in pairs}
        case TensorFacts():
            return _tensor(node, arrays, device)
        case ArrayFacts(k=str(key)):
            return arrays[key].numpy()
        case _:
            return _small(node)


def _small(node: Node) -> Any:
    match node:
        case Generator(v=seed):
            return torch.Generator().manual_seed(seed)
        case Dtype(v=name):
            return getattr(torch, name)
        case Device(v=name):
            return torch.device(name)
        case Special(v=name):
            return float(name)
        case Scalar(dtype=name, v=value):
            return np.dtype(name).type(_small(value))
        case Unsendable(type=name) | ArrayFacts(dtype=name):
            raise TypeError(f"a check may not send a {name}")
        case _:
            return node


def _tensor(node: TensorFacts, arrays: Arrays, device: str) -> torch.Tensor:
    if node.device == "meta":
        tensor = torch.empty(node.shape, dtype=getattr(torch, node.dtype), device="meta")
    else:
        # What was read from the wire is a view of the message; a learner's `detach_()` would be refused on it.
        tensor = arrays[node.k or ""].to(device, copy=True)
    if node.grad is not None:
        tensor.grad = _tensor(node.grad, arrays, device)
    return tensor.requires_grad_(node.requires_grad)
