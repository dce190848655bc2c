"""Turns nodes back into objects: live ones in the child, plain data on the trusted side.

What a child sent is never believed: a tensor that contradicts its own description is a WireError.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from grader.sandbox.shared.freeze import MAX_DEPTH, MAX_TEXT, SENDABLE, Node
from grader.sandbox.shared.seen import Opaque, SeenArray, SeenTensor
from grader.sandbox.shared.wire import Arrays, WireError

MAX_NAME = 400  # letters of a name or a reason
DTYPES = {str(value).removeprefix("torch."): value for value in vars(torch).values() if isinstance(value, torch.dtype)}


def plain(node: Node, arrays: Arrays) -> Any:
    """Return what a child sent as plain data: Python values, SeenTensor, SeenArray and Opaque."""
    try:
        return _plain(node, arrays)
    except Exception as error:  # whatever breaks on a node of a child's making is the child's doing
        raise WireError(f"an answer that is not well formed ({type(error).__name__})") from None


def _plain(node: Node, arrays: Arrays, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:  # freeze sends none deeper, and what describes a value is no better at depth than Python
        raise WireError("an answer that is nested too deep")
    if node is None or isinstance(node, (bool, float)):
        return node
    if isinstance(node, int):
        return _whole(node)
    match node["t"]:
        case "str":
            return _text(node["v"], MAX_TEXT)
        case "list":
            return [_plain(item, arrays, depth + 1) for item in node["v"]]
        case "tuple":
            return tuple(_plain(item, arrays, depth + 1) for item in node["v"])
        case "dict":
            return {_key(_plain(k, arrays, depth + 1)): _plain(v, arrays, depth + 1) for k, v in node["v"]}
        case "tensor":
            return _seen_tensor(node, arrays)
        case "ndarray":
            return SeenArray(_text(node["dtype"]), _shape(node), tuple(map(_text, node["shares"])), _data(node, arrays))
        case "dtype":
            return DTYPES[node["v"]]
        case "device":
            return torch.device(str(node["v"]))
        case "np":
            return _scalar(node)
    return Opaque(_text(node.get("type", node["t"])), _text(node.get("why", "")))


def _whole(number: int) -> int:
    # subtle: freeze sends none beyond 64 bits, and large ones can be chosen to fall into one place of a hash table
    if abs(number) >= 2**63:
        raise WireError("a number of more than 64 bits")
    return number


def _text(value: Any, most: int = MAX_NAME) -> str:
    return str(value)[:most]


def _scalar(node: Node) -> Any:
    """Return a numpy number; other kinds take as much memory as the number says."""
    kind = np.dtype(_text(node["dtype"]))
    if kind.kind not in "bifu" or not isinstance(node["v"], (bool, int, float)):
        raise WireError("a numpy value that is no number")
    return kind.type(node["v"])


def _key(value: Any) -> Any:
    # subtle: the text of a dict that has dicts as keys doubles with each level, for want of quotes
    if isinstance(value, (list, dict)):
        raise WireError("a key that no dict can have")
    return value if isinstance(value, (str, int, float, bool, tuple, type(None))) else str(value)


def _shape(node: Node) -> tuple[int, ...]:
    return tuple(_whole(int(size)) for size in node["shape"])


def _data(node: Node, arrays: Arrays) -> torch.Tensor | None:
    if "k" not in node:
        return None
    data = arrays[node["k"]]
    if data.dtype not in SENDABLE:
        raise WireError("a tensor of a dtype that is not compared")
    if tuple(data.shape) != _shape(node) or str(data.dtype).removeprefix("torch.") != node["dtype"]:
        raise WireError("a tensor that contradicts its own description")
    return data


def _seen_tensor(node: Node, arrays: Arrays) -> SeenTensor:
    grad = node.get("grad")
    return SeenTensor(
        dtype=_text(node["dtype"]), shape=_shape(node), device=_text(node["device"]),
        requires_grad=bool(node["requires_grad"]), is_leaf=bool(node["leaf"]),
        retains_grad=bool(node["retains"]), grad_fn=_maybe(node["grad_fn"]),
        type_name=_text(node["type"]), version=_whole(int(node["version"])), same_as=_maybe(node["same_as"]),
        shares_with=tuple(map(_text, node["shares"])), data=_data(node, arrays),
        unsendable=_maybe(node.get("unsendable")), grad=None if grad is None else _seen_tensor(grad, arrays),
    )  # fmt: skip


def _maybe(value: Any) -> str | None:
    return None if value is None else _text(value)


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
        # What was read from the wire is a view of the message; a learner's `detach_()` would be refused on it.
        tensor = arrays[node["k"]].to(device, copy=True)
    if "grad" in node:
        tensor.grad = _live_tensor(node["grad"], arrays, device)
    return tensor.requires_grad_(node["requires_grad"])
