"""Says whether an answer is the real output: tolerant of what does not matter, strict on what a question is about.

Blanks, zeros at the end, the order of keywords and a `torch.` in front never count. Nor does it count whether a
lone number is written as a tensor, or which node a tensor's gradient comes from, unless the misconception differs from
the truth in nothing else: then exactly that is the question, and it is compared as it is printed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from grader.learning.practice.outputs import Array, Call, Pieces, Raised, Value, Word, flat, read, words

CLOSE = 2e-3  # relative; what is printed to four digits may be answered with three
NEAR_ZERO = 5e-5


def is_right(given: str, real: str, believed: Sequence[str]) -> bool:
    """Return whether an answer says what was really printed; an exception is given as its class and its text.

    `believed` is what would be answered by somebody with the misconception.
    """
    true = read(real)
    exactly = any(_same(read(each), true) for each in believed)
    if _same(read(given), true, exactly=exactly):
        return True
    return isinstance(true, str) and not exactly and words(given.strip("\"' ")) == words(true)


def nearly(given: str, real: str) -> str:
    """Return what is right about a wrong answer, and what is not; empty where nothing is to be said."""
    mine, true = read(given), read(real)
    if isinstance(true, Raised) and isinstance(mine, Raised):
        return "It does raise. The question is which class of error."
    if isinstance(true, Array) and isinstance(mine, Array) and mine.kind == true.kind:
        return _nearly_array(mine, true)
    if isinstance(true, Array) and _is_number(mine) and _same(mine, true.numbers):
        return "The number is right, but what is printed is a tensor."
    if isinstance(mine, Array) and _is_number(true) and _same(mine.numbers, true):
        return "The number is right, but what is printed is a plain number."
    return ""


def _nearly_array(mine: Array, true: Array) -> str:
    if not _all_same(flat(mine.numbers), flat(true.numbers), exactly=False):
        return ""
    if mine.dtype != true.dtype:
        return f"The numbers are right; the dtype is {true.dtype}, not {mine.dtype}."
    if bool(mine.grad) != bool(true.grad):
        does = "requires a gradient" if true.grad else "requires no gradient"
        return f"The numbers are right, but the tensor {does}."
    return "" if _same(mine.numbers, true.numbers) else "The numbers are right, but not their shape."


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(mine: Value, true: Value, *, exactly: bool = False) -> bool:
    """Return whether two outputs say the same; `exactly` as it is printed, but for blanks and zeros at the end."""
    if not exactly:
        mine, true = _plain(mine, true), _plain(true, mine)
        mine, true = _text(mine, true), _text(true, mine)
    if isinstance(mine, (list, tuple)) and isinstance(true, (list, tuple)):
        return (not exactly or type(mine) is type(true)) and _all_same(mine, true, exactly=exactly)
    if isinstance(mine, dict) and isinstance(true, dict):
        return list(mine) == list(true) and _all_same([*mine.values()], [*true.values()], exactly=exactly)
    if isinstance(mine, Pieces) and isinstance(true, Pieces):
        return _all_same(mine.pieces, true.pieces, exactly=exactly)
    if isinstance(mine, Array) and isinstance(true, Array):
        return _same_array(mine, true, exactly=exactly)
    if isinstance(mine, Call) and isinstance(true, Call):
        return mine.name == true.name and _same_calls(mine, true, exactly=exactly)
    if _is_number(mine) and _is_number(true):
        return _same_number(mine, true, exactly=exactly)  # type: ignore[arg-type]
    return type(mine) is type(true) and mine == true


def _same_calls(mine: Call, true: Call, *, exactly: bool) -> bool:
    return (
        mine.named.keys() == true.named.keys()
        and _all_same(mine.arguments, true.arguments, exactly=exactly)
        and all(_same(value, true.named[key], exactly=exactly) for key, value in mine.named.items())
    )


def _same_array(mine: Array, true: Array, *, exactly: bool) -> bool:
    if (mine.kind, mine.dtype, mine.named.keys()) != (true.kind, true.dtype, true.named.keys()):
        return False
    same_grad = mine.grad == true.grad if exactly else bool(mine.grad) == bool(true.grad)
    return same_grad and _same(mine.numbers, true.numbers)  # 1 and 1. differ by dtype alone


def _all_same(mine: Sequence[Value], true: Sequence[Value], *, exactly: bool) -> bool:
    return len(mine) == len(true) and all(_same(a, b, exactly=exactly) for a, b in zip(mine, true, strict=True))


def _same_number(mine: float, true: float, *, exactly: bool) -> bool:
    if isinstance(mine, int) and isinstance(true, int):
        return mine == true
    if exactly and type(mine) is not type(true):
        return False
    try:
        near = math.isclose(mine, true, rel_tol=0.0 if exactly else CLOSE, abs_tol=0.0 if exactly else NEAR_ZERO)
    except OverflowError:  # a whole number beyond all floating-point numbers
        return False
    return near or (math.isnan(mine) and math.isnan(true))


def _plain(value: Value, beside: Value) -> Value:
    """Return a value without what does not count beside the other one."""
    if isinstance(value, (tuple, list)) and isinstance(beside, Pieces):
        return Pieces(tuple(value))
    if isinstance(value, tuple) and len(value) == 1 and not isinstance(beside, (tuple, list)):
        return _plain(value[0], beside)
    if isinstance(value, Call) and value.name in ("Size", "device", "dtype") and not isinstance(beside, Call):
        return _inside(value)
    if isinstance(value, Array) and _is_lone(value, beside):
        return value.numbers
    return value


def _text(value: Value, beside: Value) -> Value:
    """Return a name as text where the other value is text: quotes do not count."""
    return value.name if isinstance(value, Word) and isinstance(beside, str) else value


def _inside(call: Call) -> Value:
    """Return what a shape, a device or a dtype of numpy's is about."""
    parts = [*call.arguments, *call.named.values()]
    return parts[0] if parts else ()


def _is_lone(array: Array, beside: Value) -> bool:
    """Return whether a tensor holds one number that may be written as a number: nothing else is said of it."""
    if array.grad or array.named or array.dtype not in ("float32", "int64", "bool") or array.kind != "tensor":
        return False
    if isinstance(array.numbers, bool) or isinstance(beside, bool):
        return isinstance(array.numbers, bool) and isinstance(beside, bool)
    whole = isinstance(beside, int)  # says nothing about a dtype; a decimal point does
    return _is_number(array.numbers) and _is_number(beside) and (whole or array.dtype == "float32")
