"""What was seen of a submission: plain data, held by the side in which the submission never ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from grader.verdict import SourceLine


@dataclass(frozen=True)
class SeenNode:
    """A node of the graph behind a tensor; `next` are the places of those that it passes gradients on to.

    -1 stands for an input that requires no gradient. A leaf may be one of the arguments, and may have a gradient.
    """

    name: str
    next: tuple[int, ...]
    shape: tuple[int, ...] | None
    is_leaf: bool
    has_grad: bool
    same_as: str | None


@dataclass(frozen=True)
class SeenTensor:
    """A tensor as it was when it came back, with the facts that a check may ask about.

    `data` is a plain CPU copy without a graph, or None where the values could not be sent: on the
    meta device, and for the dtypes and layouts named in `unsendable`.
    """

    dtype: str
    shape: tuple[int, ...]
    device: str
    requires_grad: bool
    is_leaf: bool
    retains_grad: bool
    grad_fn: str | None
    type_name: str
    version: int
    same_as: str | None
    shares_with: tuple[str, ...]
    data: torch.Tensor | None
    unsendable: str | None = None
    grad: SeenTensor | None = None
    graph: tuple[SeenNode, ...] = ()

    def __str__(self) -> str:
        """Return a short description: what it is, its dtype, shape and device."""
        place = "" if self.device == "cpu" else f" on {self.device}"
        return f"{self.type_name.lower()} {self.dtype} {self.shape}{place}"


@dataclass(frozen=True)
class SeenArray:
    """A numpy array as it was when it came back; `data` is None where its dtype cannot be sent."""

    dtype: str
    shape: tuple[int, ...]
    shares_with: tuple[str, ...]
    data: torch.Tensor | None

    def __str__(self) -> str:
        """Return a short description: dtype and shape."""
        return f"numpy array {self.dtype} {self.shape}"


@dataclass(frozen=True)
class Opaque:
    """An object that cannot be sent: what it is, and why."""

    type_name: str
    why: str

    def __str__(self) -> str:
        """Return what it is, and why nothing more is known."""
        return f"a {self.type_name} ({self.why})" if self.why else f"a {self.type_name}"


@dataclass(frozen=True)
class SeenException:
    """What the submission raised, with the lines of the learner's file on the way there.

    `own` tells whether it came out of the learner's code, and not out of a probe that went on with what this code
    had made; `stated` tells whether a `raise` of the learner's own made it; `forbidden` says in words what it tried
    that the sandbox forbids; `missing` is a name that a probe looked for and the file does not define.
    """

    type_name: str
    bases: tuple[str, ...]
    message: str
    lines: tuple[SourceLine, ...]
    own: bool
    stated: bool
    forbidden: str | None
    missing: str | None

    def __str__(self) -> str:
        """Return it as Python prints the last line of a traceback."""
        return f"{self.type_name}: {self.message}" if self.message else self.type_name


@dataclass(frozen=True)
class Called:
    """What was called, as a learner would say it; `details` holds what it was given, where that is not all of it."""

    said: str = ""
    details: str = ""


@dataclass(frozen=True)
class Seen:
    """Everything that is known of one call: what came back or was raised, and what it left behind.

    `labels` are the arguments' places, or their names where they were given by name.
    """

    called: Called
    value: Any = None
    exception: SeenException | None = None
    arguments: tuple[Any, ...] = ()
    printed: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    changed_globals: tuple[str, ...] = field(default=())
    labels: tuple[str, ...] = ()
