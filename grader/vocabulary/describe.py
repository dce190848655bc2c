"""Puts values into words short enough for one line of a terminal."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
import torch

from grader.catalogue.places import curriculum
from grader.sandbox.shared.seen import Opaque, SeenArray, SeenTensor
from grader.vocabulary.words import number, shorten

MAX_VALUES = 6
MAX_PLAIN = 20
MAX_ROW = 3
MAX_MESSAGE = 600
MAX_CONTAINER = 2000
MAX_CALL = 400
MAX_PAGE = 500


def describe(value: Any, *, values: bool = False) -> str:
    """Return what `value` is in a few words; with `values`, also its first few elements."""
    if isinstance(value, (SeenTensor, SeenArray)):
        shown = f" {elements(value.data)}" if values and value.data is not None else ""
        return f"{value}{shown}"
    if isinstance(value, torch.Tensor):
        shown = f" {elements(value)}" if values and value.device.type != "meta" else ""
        place = "" if value.device.type == "cpu" else f" on {value.device.type}"
        return f"tensor {name_of(value.dtype)} {tuple(value.shape)}{place}{shown}"
    if isinstance(value, np.ndarray):
        shown = f" {elements(torch.from_numpy(value.copy()))}" if values else ""
        return f"numpy array {value.dtype} {value.shape}{shown}"
    if isinstance(value, Opaque):
        return str(value)
    if isinstance(value, (list, tuple, dict)):
        return _container(value, values)
    if isinstance(value, float):
        text = number(value)
        return f"{text}.0" if text.lstrip("-").isdecimal() else text  # or it would look like an int
    if isinstance(value, torch.device):
        return device(str(value))
    if isinstance(value, torch.Generator):
        return f"torch.Generator().manual_seed({value.initial_seed()})"
    return shorten(repr(_without_our_folder(str(value)) if isinstance(value, (str, Path)) else value))


def _without_our_folder(text: str) -> str:
    """Return a text in which a path to data begins at the folder of exercises, not at the root of this machine."""
    if os.sep not in text:
        return text
    data = curriculum().data
    return text.replace(f"{data.parent}{os.sep}", "") if str(data) in text else text


def in_full(value: Any) -> str:
    """Return what `value` is, with its first few elements unless that would fill a page."""
    text = describe(value, values=True)
    return text if len(text) <= MAX_PAGE else describe(value)


def _container(value: Any, values: bool) -> str:
    shown = list(itertools.islice(value.items() if isinstance(value, dict) else enumerate(value), MAX_PLAIN))
    if not all(_is_plain(item) for _, item in shown):
        shown = shown[:MAX_VALUES]
    parts = [
        (f"{shorten(repr(key))}: " if isinstance(value, dict) else "") + describe(item, values=values)
        for key, item in shown
    ]
    more = [f"… {len(value)} in all"] if len(value) > len(shown) else []
    comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
    return _brackets(value, shorten(", ".join(parts + more), MAX_CONTAINER) + comma)


def _is_plain(value: Any) -> bool:
    """Return whether a value is a short one: a number, a text, or a few of them."""
    few = value if isinstance(value, tuple) and len(value) <= MAX_ROW else (value,)
    return all(isinstance(each, (str, bool, int, float, NoneType)) for each in few)


def _brackets(value: list[Any] | tuple[Any, ...] | dict[Any, Any], text: str) -> str:
    return f"{{{text}}}" if isinstance(value, dict) else f"({text})" if isinstance(value, tuple) else f"[{text}]"


def device(name: str) -> str:
    """Return a device so that it does not look like a string."""
    return f"torch.device({name!r})"


def name_of(dtype: torch.dtype) -> str:
    """Return a dtype's name without its module."""
    return str(dtype).removeprefix("torch.")


def type_name(kind: type) -> str:
    """Return a type's name as a learner would write it, with its module unless it is built in."""
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def elements(tensor: torch.Tensor) -> str:
    """Return the first elements of a dense tensor, `[0.5, -1.25, …]`."""
    flat = tensor.detach().reshape(-1)
    shown = ", ".join(number(item.item()) for item in flat[:MAX_VALUES])
    if tensor.ndim == 0:
        return shown
    return f"[{shown}, …]" if flat.numel() > MAX_VALUES else f"[{shown}]"


def message(text: str) -> str:
    """Return an exception's message in one line, and all of it unless it would fill a page."""
    return shorten(" ".join(text.split()), MAX_MESSAGE)


def call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return a call as a learner would write it, with arguments in words."""
    given = [("", arg) for arg in args] + [(f"{key}=", value) for key, value in kwargs.items()]
    return f"{name}({_arguments(given)})"


def situation(name: str, given: dict[str, Any]) -> str:
    """Return what a probe does and with what, in words: no call, for the learner has no function of that name."""
    words = name.replace("_", " ")
    return f"{words}: {_arguments([(f'{key}=', value) for key, value in given.items()])}" if given else words


def _arguments(given: list[tuple[str, Any]]) -> str:
    """Return arguments in words, of which the longest say less where all of them would fill a page."""
    shorter = {index: _ever_shorter(value) for index, (_, value) in enumerate(given)}
    said = [next(each) for each in shorter.values()]
    room = MAX_CALL - sum(len(prefix) for prefix, _ in given)
    while shorter and sum(map(len, said)) > room:
        longest = max(shorter, key=lambda index: len(given[index][0]) + len(said[index]))
        try:
            said[longest] = next(shorter[longest])
        except StopIteration:
            del shorter[longest]
    return ", ".join(prefix + each for (prefix, _), each in zip(given, said, strict=True))


def _ever_shorter(value: Any) -> Iterator[str]:
    """Yield `value` in words: with elements, without, and a container without what is in it."""
    yield describe(value, values=True)
    yield describe(value)
    if isinstance(value, (list, tuple, dict)) and value:
        yield _brackets(value, f"… {len(value)} in all")


def index_of(flat: int, shape: Sequence[int]) -> str:
    """Return the index of an element, given its place in the order of all, as a learner would write it."""
    return str(tuple(int(each) for each in np.unravel_index(flat, tuple(shape))))
