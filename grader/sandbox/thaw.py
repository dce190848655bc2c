"""Turns nodes back into objects: live ones in the child, plain data on the trusted side.

What a child sent is never believed: a tensor that contradicts its own description is a WireError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.sandbox.freeze import Node
from grader.sandbox.seen import Opaque, SeenArray, SeenTensor
from grader.sandbox.wire import Arrays, WireError

DTYPES = {str(value).removeprefix("torch."): value for value in vars(torch).values() if isinstance(value, torch.dtype)}


def plain(node: Node, arrays: Arrays) -> Any:
    """Return what a child sent as plain data: Python values, SeenTensor, SeenArray and Opaque."""
    try:
        return _plain(node, arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise WireError(f"an answer that is not well formed ({type(error).__name__})") from None


def _plain(node: Node, arrays: Arrays) -> Any:
    if node is None or isinstance(node, (bool, int, float)):
        return node
    match node["t"]:
        case "str":
            return str(node["v"])
        case "list":
            return [_plain(item, arrays) for item in node["v"]]
        case "tuple":
            return tuple(_plain(item, arrays) for item in node["v"])
        case "dict":
            return {_key(_plain(k, arrays)): _plain(v, arrays) for k, v in node["v"]}
        case "tensor":
            return _seen_tensor(node, arrays)
        case "ndarray":
            return SeenArray(str(node["dtype"]), _shape(node), tuple(map(str, node["shares"])), _data(node, arrays))
        case "dtype":
            return DTYPES[node["v"]]
        case "device":
            return torch.device(str(node["v"]))
        case "np":
            return np.dtype(str(node["dtype"])).type(node["v"])
    return Opaque(str(node.get("type", node["t"])), str(node.get("why", "")))


def _key(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, tuple, type(None))) else str(value)


def _shape(node: Node) -> tuple[int, ...]:
    return tuple(int(size) for size in node["shape"])


def _data(node: Node, arrays: Arrays) -> torch.Tensor | None:
    if "k" not in node:
        return None
    data = arrays[node["k"]]
    if tuple(data.shape) != _shape(node) or str(data.dtype).removeprefix("torch.") != node["dtype"]:
        raise WireError("a tensor that contradicts its own description")
    return data


def _seen_tensor(node: Node, arrays: Arrays) -> SeenTensor:
    grad = node.get("grad")
    return SeenTensor(
        dtype=str(node["dtype"]), shape=_shape(node), device=str(node["device"]),
        requires_grad=bool(node["requires_grad"]), is_leaf=bool(node["leaf"]),
        retains_grad=bool(node["retains"]), grad_fn=node["grad_fn"],
        type_name=str(node["type"]), version=int(node["version"]), same_as=node["same_as"],
        shares_with=tuple(map(str, node["shares"])), data=_data(node, arrays),
        unsendable=node.get("unsendable"), grad=None if grad is None else _seen_tensor(grad, arrays),
    )  # fmt: skip


def live(node: Node, arrays: Arrays, device: str) -> Any:
    """Return what the grader sent as live arguments: tensors and arrays that may be changed.

    A tensor sent from the meta device arrives on the meta device, any other one on `device`.
    """
    if node is None or isinstance(node, (bool, int, float)):
        return node
    match node["t"]:
        case "list":
            return [live(item, arrays, device) for item in node["v"]]
        case "tuple":
            return tuple(live(item, arrays, device) for item in node["v"])
        case "dict":
            return {live(k, arrays, device): live(v, arrays, device) for k, v in node["v"]}
        case "tensor":
            return _live_tensor(node, arrays, device)
        case "ndarray":
            return arrays[node["k"]].numpy()
        case "generator":
            return torch.Generator().manual_seed(node["v"])
        case "str" | "dtype" | "device" | "np":
            return _plain(node, arrays)
    raise WireError(f"a check may not send a {node.get('type')}")


def _live_tensor(node: Node, arrays: Arrays, device: str) -> torch.Tensor:
    if node["device"] == "meta":
        tensor = torch.empty(node["shape"], dtype=DTYPES[node["dtype"]], device="meta")
    else:
        tensor = arrays[node["k"]].to(device)
    if "grad" in node:
        tensor.grad = _live_tensor(node["grad"], arrays, device)
    return tensor.requires_grad_(node["requires_grad"])
