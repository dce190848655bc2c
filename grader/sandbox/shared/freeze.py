"""Turns live objects into plain nodes and tensors, and says of each what a check may ask about.

Runs in both processes. In the child it meets objects that may lie about themselves, so every fact
is read by the C accessors taken below, before any submission was imported, never by the object's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from grader.sandbox.shared.messages import (
    MAX_DIMENSIONS,
    MAX_NAME,
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
from grader.sandbox.shared.wire import Arrays
from grader.units import MB, size

MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_RESULT_BYTES = 192 * MB

SENDABLE = {
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
}  # fmt: skip

_C: Any = torch._C.TensorBase
_dtype, _shape, _device = _C.dtype.__get__, _C.shape.__get__, _C.device.__get__
_layout, _requires_grad, _is_leaf = _C.layout.__get__, _C.requires_grad.__get__, _C.is_leaf.__get__
_grad_fn, _grad, _version = _C.grad_fn.__get__, _C.grad.__get__, _C._version.__get__
_retains_grad = _C.retains_grad.__get__
_detach, _to, _clone = _C.detach, _C.to, _C.clone
_numel, _element_size, _storage = _C.numel, _C.element_size, _C.untyped_storage
_strided = torch.strided
_no_dispatch = torch._C.DisableTorchFunctionSubclass
_no_grad = torch.no_grad
_name_of: Any = type.__dict__["__name__"].__get__

Span = tuple[int, int]
Graph = Callable[[Any, dict[str, object]], list[GraphNode]]


def type_name(value: object) -> str:
    """Return the name of the value's real type, whatever its `__class__` says."""
    return str(_name_of(type(value)))


def span(value: object) -> Span | None:
    """Return the addresses [start, end) that a CPU tensor's storage or an array occupies."""
    if isinstance(value, np.ndarray):
        low, high = np.lib.array_utils.byte_bounds(value)
        return (low, high) if high > low else None
    if isinstance(value, torch.Tensor) and _layout(value) is _strided and _device(value).type != "meta":
        storage = _storage(value)
        start, size = storage.data_ptr(), storage.nbytes()
        return (start, start + size) if size else None
    return None


class Freezer:
    """Turns one result into nodes; `arrays` collects the tensors beside them.

    `arguments` are the live arguments by label: a result is compared with them for identity and for
    shared memory. `graph` returns the nodes from a grad_fn on, given the arguments; without it, none are sent.
    """

    def __init__(self, arguments: dict[str, object] | None = None, graph: Graph | None = None) -> None:
        self.arrays: Arrays = {}
        self._graph = graph
        self._arguments = arguments or {}
        self._spans = {label: where for label, value in self._arguments.items() if (where := span(value))}
        self._nodes = 0
        self._bytes = 0
        self._open: set[int] = set()

    def freeze(self, value: object, depth: int = 0) -> Node:
        """Return the node for `value`; what cannot be sent becomes a node that says so."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            return _opaque(value, f"more than {MAX_NODES:,} elements were returned")
        if value is None or type(value) is bool:
            return value
        if type(value) is int:
            return value if abs(value) < 2**63 else _opaque(value, "more than 64 bits")
        if type(value) is float:
            return _number(value)
        if type(value) is str:
            return text_of(value, MAX_TEXT)
        if isinstance(value, torch.Tensor):
            with _no_grad(), _no_dispatch():
                return self._tensor(value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        return self._other(value, depth)

    def _other(self, value: object, depth: int) -> Node:
        if isinstance(value, (list, tuple, dict)):
            return self._container(value, depth)
        if type(value) is torch.dtype:
            return Dtype(str(value).removeprefix("torch."))
        if type(value) is torch.device:
            return Device(str(value))
        if isinstance(value, np.generic) and value.dtype.kind in "bifu":
            number = value.item()
            return Scalar(value.dtype.name, _number(number) if isinstance(number, float) else number)
        if type(value) is torch.Generator:
            return Generator(value.initial_seed())
        return _opaque(value, _why_not(value))

    def _container(self, value: Any, depth: int) -> Node:
        if depth >= MAX_DEPTH:
            return _opaque(value, f"nested more than {MAX_DEPTH} deep")
        if id(value) in self._open:
            return _opaque(value, "it contains itself")
        self._open.add(id(value))
        try:
            return self._inside(value, depth + 1)
        finally:
            self._open.discard(id(value))

    def _inside(self, value: Any, depth: int) -> Node:
        if isinstance(value, dict):
            return DictOf([(self.freeze(k, depth), self.freeze(v, depth)) for k, v in dict.items(value)])
        if isinstance(value, list):
            return ListOf([self.freeze(item, depth) for item in list.__iter__(value)])
        return TupleOf([self.freeze(item, depth) for item in tuple.__iter__(value)])

    def _tensor(self, value: torch.Tensor) -> TensorFacts | Unsendable:
        if len(_shape(value)) > MAX_DIMENSIONS:
            return _opaque(value, f"more than {MAX_DIMENSIONS} dimensions")
        node = TensorFacts(
            type=text_of(type_name(value), MAX_NAME), dtype=str(_dtype(value)).removeprefix("torch."),
            shape=list(_shape(value)), device=_device(value).type, requires_grad=_requires_grad(value),
            leaf=_is_leaf(value), retains=_retains_grad(value), grad_fn=self._grad_fn(value),
            version=self._count(value), same_as=self._same_as(value), shares=self._shares(value),
            unsendable=self._unsendable(value),
        )  # fmt: skip
        if self._graph and _grad_fn(value) is not None:
            node.graph = self._graph(_grad_fn(value), self._arguments)
        if node.unsendable is None and _device(value).type != "meta":
            node.k = self._keep(value)
        grad = _grad(value) if _is_leaf(value) or _retains_grad(value) else None
        if isinstance(grad, torch.Tensor):
            inner = self._tensor(grad)
            node.grad = inner if isinstance(inner, TensorFacts) else None
        return node

    def _count(self, value: torch.Tensor) -> int:
        try:
            return int(_version(value))
        except RuntimeError:  # inference tensors keep no count
            return -1

    def _grad_fn(self, value: torch.Tensor) -> str | None:
        function = _grad_fn(value)
        return None if function is None else text_of(type_name(function), MAX_NAME)

    def _same_as(self, value: object) -> str | None:
        return next((label for label, argument in self._arguments.items() if argument is value), None)

    def _shares(self, value: object) -> list[str]:
        mine = span(value)
        if mine is None:
            return []
        return [label for label, (low, high) in self._spans.items() if low < mine[1] and mine[0] < high]

    def _unsendable(self, value: torch.Tensor) -> str | None:
        if _layout(value) is not _strided:
            return f"its layout is {str(_layout(value)).removeprefix('torch.')}, not strided"
        if _dtype(value) not in SENDABLE:
            return f"tensors of {str(_dtype(value)).removeprefix('torch.')} are not compared"
        self._bytes += _numel(value) * _element_size(value)
        if self._bytes > MAX_RESULT_BYTES:
            return f"{size(self._bytes)} is more than may be returned"
        return None

    def _keep(self, value: torch.Tensor) -> str:
        key = str(len(self.arrays))
        plain = _to(_detach(value), "cpu")
        self.arrays[key] = _clone(plain, memory_format=torch.contiguous_format)
        return key

    def _array(self, value: np.ndarray[Any, Any]) -> ArrayFacts:
        node = ArrayFacts(text_of(value.dtype.name, MAX_NAME), list(value.shape), self._shares(value))
        self._bytes += value.nbytes
        if value.dtype.kind in "bifu" and self._bytes <= MAX_RESULT_BYTES:
            with contextlib.suppress(TypeError):  # a dtype that torch does not know, such as longdouble
                # subtle: a copy, because from_numpy refuses arrays with negative strides
                node.k = self._keep(torch.from_numpy(np.array(value, order="C", subok=False)))
        return node


def text_of(value: object, most: int) -> str:
    """Return what a value says, cut to so many letters, as UTF-8 can hold it."""
    return str(value)[:most].encode(errors="replace").decode()


def _number(value: float) -> float | Special:
    if value != value:
        return Special("nan")
    return value if abs(value) != float("inf") else Special("inf" if value > 0 else "-inf")


def _opaque(value: object, why: str) -> Unsendable:
    return Unsendable(text_of(type_name(value), MAX_NAME), why)


def _why_not(value: object) -> str:
    if isinstance(value, torch.nn.Module):
        return "a module; a tensor or plain data can be compared, a module cannot"
    if isinstance(value, (complex, np.complexfloating)):
        return "a complex number"
    if type_name(value) == "generator":
        return "nothing has run yet: it runs when it is iterated"
    return "it cannot be sent to the grader and compared"
