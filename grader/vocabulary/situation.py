"""What a probe did, in a sentence with the numbers of the case at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from grader.vocabulary import describe
from grader.vocabulary.words import how_many


def told(sentence: str, given: Mapping[str, Any]) -> str:
    """Return a probe's sentence with what it was given in the places of its braces.

    `{x}` is the value in words, `{x:word}` a name as it is, `{x:list}` the values of a container, `{x:pairs}` those of
    a dict with their names, `{x:len}` how many there are, `{x:count sample}` the same with a noun, `{x:shape}` a
    tensor's shape; `{x:if text}` stands only where the value is true or not empty, `{x:unless text}` only where it is
    not.
    """
    return sentence.format_map({name: _Given(value) for name, value in given.items()})


class _Given:
    """A value that knows how a sentence wants to have it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __format__(self, how: str) -> str:
        word, _, text = how.partition(" ")
        if word in ("if", "unless"):
            return text if _is_given(self._value) is (word == "if") else ""
        return how_many(_count(self._value), text) if word == "count" else WAYS[word](self._value)


def _is_given(value: Any) -> bool:
    return value is not None if isinstance(value, torch.Tensor) else bool(value)


def _count(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


WAYS: dict[str, Callable[[Any], str]] = {
    "": describe.describe,
    "word": str,
    "len": lambda value: str(len(value)),
    "list": lambda value: ", ".join(map(describe.describe, value)),
    "pairs": lambda value: ", ".join(f"{key} {each}" for key, each in value.items()),
    "shape": lambda value: str(tuple(value.shape)),
}
