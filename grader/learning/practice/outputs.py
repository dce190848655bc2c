"""Reads an output of Python, as it was printed or as somebody typed it, into plain values that can be compared."""

from __future__ import annotations

import ast
import contextlib
import math
import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

NOTHING = ("", "nothing", "none")  # as people say it
VAGUE = ("error", "an error", "it raises", "raises", "exception", "an exception")  # that there is one, not which
ERROR = re.compile(r"(?:raises? )?(?:an? )?(?:[a-z_]\w*\.)*([a-z_]\w*(?:error|exception|interrupt))\s*(?::|\Z)", re.I)
CONSTANTS = {"none": None, "true": True, "false": False, "inf": math.inf, "nan": math.nan}
OPENING, CLOSING = "([{", ")]}"
ANGLED = re.compile(r"<[^<>\n]*>")  # <AddBackward0>, <class 'float'>: no Python, and kept as text
PIECE = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?|\w+|[^\s\w]")
ARRAYS = ("tensor", "array", "Parameter")
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, TypeError, OverflowError)  # as Python
MODULES = ("torch.", "np.", "numpy.", "builtins.")


@dataclass(frozen=True)
class Raised:
    """An exception, by the name of its class; empty where it is only said that there is one."""

    name: str


@dataclass(frozen=True)
class Word:
    """A name such as `torch.float32`, without the module before it."""

    name: str


@dataclass(frozen=True)
class Call:
    """Something that is printed as a call: a layer, a device, a dtype of numpy's."""

    name: str
    arguments: tuple[Value, ...]
    named: dict[str, Value] = field(hash=False)


@dataclass(frozen=True)
class Array:
    """A tensor or an array as it is printed; `dtype` is the one that is meant where none is said."""

    kind: str
    numbers: Value
    dtype: str
    grad: str
    named: dict[str, Value] = field(hash=False)


@dataclass(frozen=True)
class Pieces:
    """A text that is no Python expression, such as a few things printed in a row: what it holds, in order."""

    pieces: tuple[Value, ...]


Value: TypeAlias = """(
    int | float | bool | str | Raised | Word | Call | Array | Pieces
    | tuple[Any, ...] | list[Any] | dict[Any, Any] | None
)"""


def read(text: str) -> Value:
    """Return what an output says; None for nothing, and for the word None."""
    text = text.strip()
    if text.lower() in NOTHING:
        return None
    if text.lower() in VAGUE:
        return Raised("")
    if found := ERROR.match(text):
        return Raised(found[1].lower())
    with contextlib.suppress(*UNREADABLE):
        return _expression(text)
    return Pieces(tuple(map(_piece, _apart(text))))


def words(text: str) -> list[Value]:
    """Return the numbers, words and signs of a text; commas between them do not count."""
    return [_loose(each) for each in PIECE.findall(text) if each != ","]


def _expression(text: str) -> Value:
    return _value(ast.parse(ANGLED.sub(lambda each: repr(each[0]), text), mode="eval").body)


def _apart(text: str) -> list[str]:
    """Return what stands between blanks, brackets kept whole."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in OPENING) - (sign in CLOSING)
        if sign.isspace() and depth <= 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [each.rstrip(",") for each in parts if each.rstrip(",")]


def _piece(text: str) -> Value:
    with contextlib.suppress(*UNREADABLE):
        return _expression(text)
    return _loose(text)


def _loose(piece: str) -> Value:
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(piece)
    return piece


def _value(node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=int() | float() | str() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            number = _value(operand)
            if not isinstance(number, (int, float)):
                raise ValueError
            return -number if isinstance(sign, ast.USub) else number
        case ast.Name() | ast.Attribute():
            return _word(ast.unparse(node))
        case ast.Tuple(elts=parts):
            return tuple(map(_value, parts))
        case ast.List(elts=parts):
            return [_value(each) for each in parts]
        case ast.Dict(keys=keys, values=values):
            return {repr(_value(key)): _value(value) for key, value in zip(keys, values, strict=True) if key}
        case ast.Call(func=function, args=arguments, keywords=keywords):
            named = {each.arg or "": _value(each.value) for each in keywords}
            return _call(_bare(ast.unparse(function)), tuple(map(_value, arguments)), named)
    raise ValueError


def _bare(name: str) -> str:
    for module in MODULES:
        name = name.removeprefix(module)
    return name


def _word(name: str) -> Value:
    bare = _bare(name)
    return CONSTANTS.get(bare.lower(), Word(bare))


def _call(name: str, arguments: tuple[Value, ...], named: dict[str, Value]) -> Value:
    if name not in ARRAYS or len(arguments) != 1:
        return Call(name, arguments, named)
    rest = {key: value for key, value in named.items() if key not in ("dtype", "grad_fn", "requires_grad")}
    said = named.get("dtype")
    grad = str(named.get("grad_fn") or ("leaf" if named.get("requires_grad") else ""))
    dtype = said.name if isinstance(said, Word) else str(said or _usual(name, arguments[0]))
    return Array(name, arguments[0], dtype, grad, rest)


def _usual(name: str, numbers: Value) -> str:
    """Return the dtype of an array that is printed without one."""
    kinds = {type(each) for each in flat(numbers)}
    if kinds <= {bool} and kinds:
        return "bool"
    whole = kinds <= {int, bool} and bool(kinds)
    return "int64" if whole else "float32" if name == "tensor" or name == "Parameter" else "float64"


def flat(value: Value) -> list[Value]:
    """Return all that nested lists and tuples hold, in order."""
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in flat(part)]
    return [value]
