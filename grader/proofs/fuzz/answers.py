"""What a child might send: well-formed answers full of strange values, and bytes that are nearly a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import torch
from hypothesis import strategies as some

from grader.sandbox.shared import wire
from grader.sandbox.shared.freeze import Freezer
from grader.sandbox.shared.messages import MAX_DIMENSIONS, Counted, Hello, Witnessed

ODDITY = 30  # one in so many parts is one that no child sends


def mostly(usual: some.SearchStrategy[Any], odd: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    """Return the usual, and now and then what nobody would send."""
    return some.integers(0, ODDITY).flatmap(lambda drawn: odd if drawn == ODDITY else usual)


NAMES = mostly(
    some.text(max_size=20) | some.sampled_from(["float32", "int64", "cpu", "meta", "Tensor", "0", "1", "\u202e"]),
    some.sampled_from(["x" * 500, "U1000000", "object"]),
)
SIZES = mostly(some.integers(0, 3), some.sampled_from([-1, 2**31, 2**62, 2**63, 10**30]))
NUMBERS = mostly(
    some.integers(-(2**62), 2**62) | some.floats(allow_nan=False, allow_infinity=False),
    some.sampled_from([2**61 - 1, -(2**63), 2**64, 10**400]),
)
SECONDS = mostly(some.floats(0, 100), some.floats() | SIZES)
KEYS = some.sampled_from(["0", "1", "2", None]) | some.text(max_size=3)
DTYPES = ("float32", "float16", "bfloat16", "int64", "bool", "uint8", "float64")


def tensors() -> some.SearchStrategy[wire.Arrays]:
    """Return tensors as they lie beside an answer."""
    shapes = some.lists(some.integers(0, 3), max_size=3)
    made = some.builds(
        lambda shape, dtype: torch.ones(shape, dtype=getattr(torch, dtype)), shapes, some.sampled_from(DTYPES)
    )
    return some.dictionaries(some.sampled_from(["0", "1", "2"]), made, max_size=3)


def _tensor(inner: Any) -> some.SearchStrategy[dict[str, Any]]:
    node = some.tuples(
        NAMES, some.lists(mostly(some.integers(-1, 3), some.integers(-5, 99)), max_size=3),
        some.none() | some.lists(SIZES, max_size=3), some.booleans(), some.booleans(), some.none() | NAMES,
    ).map(list)  # fmt: skip
    return some.fixed_dictionaries(
        {
            "t": some.just("tensor"), "type": NAMES, "dtype": NAMES | some.sampled_from(DTYPES),
            "shape": mostly(some.lists(SIZES, max_size=3), some.just([1] * (MAX_DIMENSIONS + 1))), "device": NAMES,
            "requires_grad": some.booleans(), "leaf": some.booleans(), "retains": some.booleans(),
            "grad_fn": some.none() | NAMES, "version": SIZES, "same_as": some.none() | NAMES,
            "shares": some.lists(NAMES, max_size=3),
        },
        optional={"k": KEYS, "unsendable": some.none() | NAMES, "grad": inner, "graph": some.lists(node, max_size=4)},
    )  # fmt: skip


def nodes() -> some.SearchStrategy[Any]:
    """Return values as nodes, right and wrong ones."""
    small = (
        some.none() | some.booleans() | NUMBERS | some.text(max_size=30)
        | some.builds(lambda kind, name: {"t": kind, "v": name}, some.sampled_from(["dtype", "device"]), NAMES)
        | some.sampled_from([{"t": "float", "v": v} for v in ("nan", "inf", "-inf")])
        | some.builds(lambda dtype, v: {"t": "np", "dtype": dtype, "v": v}, NAMES, NUMBERS)
        | some.builds(lambda seed: {"t": "generator", "v": seed}, NUMBERS)
        | some.builds(lambda name, why: {"t": "opaque", "type": name, "why": why}, NAMES, NAMES)

    )  # fmt: skip
    small = mostly(small, some.builds(lambda t, v: {"t": t, "v": v}, NAMES, some.integers()))
    array = some.fixed_dictionaries(
        {"t": some.just("ndarray"), "dtype": NAMES, "shape": some.lists(SIZES, max_size=3),
         "shares": some.lists(NAMES, max_size=2)},
        optional={"k": KEYS},
    )  # fmt: skip

    def larger(inner: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
        lists = some.builds(
            lambda kind, v: {"t": kind, "v": v}, some.sampled_from(["list", "tuple"]), some.lists(inner)
        )
        pairs = some.lists(mostly(some.tuples(inner, inner).map(list), some.lists(inner, max_size=3)), max_size=4)
        return lists | pairs.map(lambda v: {"t": "dict", "v": v}) | _tensor(inner) | array

    return some.recursive(small | array, larger, max_leaves=25)


def messages() -> some.SearchStrategy[dict[str, Any]]:
    """Return whole messages, most of them answers."""
    numbers = mostly(some.integers(0, 90), some.integers(-5, 2_000_000))
    line = some.tuples(numbers, some.text(max_size=150), some.text(max_size=5)).map(list)
    raised = some.fixed_dictionaries(
        {"type": NAMES, "bases": some.lists(NAMES, max_size=3), "message": some.text(max_size=50),
         "lines": some.lists(line, max_size=6), "own": some.booleans(), "stated": some.booleans(),
         "forbidden": some.none() | NAMES, "missing": some.none() | NAMES},
    )  # fmt: skip
    cost = some.fixed_dictionaries(dict.fromkeys(Counted.__struct_fields__, SIZES))
    witnessed = some.fixed_dictionaries(
        {"is": some.just("witnessed"), "id": some.just("mark"), "value": nodes(),
         "arguments": some.lists(nodes(), max_size=2), "seconds": SECONDS,
         "warnings": some.lists(some.text(max_size=50), max_size=3),
         "changed": some.lists(mostly(some.sampled_from(["default dtype", "grad mode"]), NAMES), max_size=2)},
        optional={"raised": some.none() | raised, "cost": some.none() | cost},
    )  # fmt: skip
    others = some.builds(lambda kind, v: {"is": kind, "id": "mark", "kind": v, "signature": v},
                         some.sampled_from(["absent", "unfit", "hello", "?"]), NAMES)  # fmt: skip
    return mostly(witnessed, others)


def honest() -> some.SearchStrategy[tuple[dict[str, Any], wire.Arrays]]:
    """Return answers as the child itself makes them, some with one part changed, and the tensors beside them."""
    values = some.recursive(
        some.none() | NUMBERS | some.text(max_size=9) | tensors().map(lambda found: next(iter(found.values()), None)),
        lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    )

    def answer(value: Any, place: int, strange: Any) -> tuple[dict[str, Any], wire.Arrays]:
        freezer = Freezer()
        found = msgspec.to_builtins(Witnessed("mark", freezer.freeze(value), [freezer.freeze(value)], 0.1, [], []))
        holders = [each for each in _dicts(found) if each]
        holder = holders[place % len(holders)]
        if place % 2:
            holder[list(holder)[place % len(holder)]] = strange
        return found, freezer.arrays

    return some.builds(answer, values, some.integers(0, 1000), nodes())


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _dicts(each)
    if isinstance(value, dict):
        yield value


def frames() -> some.SearchStrategy[bytes]:
    """Return bytes that are a frame but for a few of them."""

    def broken(frame: bytes, places: list[tuple[int, int]]) -> bytes:
        data = bytearray(frame)
        for place, byte in places:
            data[place % len(data)] = byte
        return bytes(data)

    whole = some.builds(lambda message, arrays: wire.encode(_plain(message), arrays), messages(), tensors())
    places = some.lists(some.tuples(some.integers(0, 10_000), some.integers(0, 255)), min_size=1, max_size=5)
    return some.builds(broken, whole, places) | some.binary(max_size=200) | some.just(wire.encode(Hello([]), {}))


def _plain(message: Any) -> Any:
    """Return a message without what JSON itself cannot hold."""
    if isinstance(message, dict):
        return {key: _plain(value) for key, value in message.items()}
    if isinstance(message, list):
        return [_plain(value) for value in message]
    if isinstance(message, str):
        return message.encode(errors="replace").decode()
    return message
