"""Runs one call of the submission and writes down what happened, in the child, as plain nodes."""

from __future__ import annotations

import contextlib
import dis
import functools
import inspect
import io
import linecache
import random
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from grader.sandbox.child.attempts import Attempts
from grader.sandbox.child.graph import behind
from grader.sandbox.shared.freeze import Freezer, text_of, type_name
from grader.sandbox.shared.messages import (
    MAX_BASES,
    MAX_LINE,
    MAX_LINE_NUMBER,
    MAX_LINES,
    MAX_MESSAGE,
    MAX_NAME,
    MAX_WARNINGS,
    SUBMISSION,
    CodeLine,
    Global,
    Node,
    Raised,
    Unsendable,
    Witnessed,
)

MAX_CHAIN = 8  # exceptions that led to one another
PROBE_FILE = "<probe>"  # stands for a probe's file in tracebacks
LISTENERS = ("__torch_function__", "__torch_dispatch__")  # by these a probe listens to what somebody else calls


@functools.lru_cache
def compiled(source: str, filename: str) -> types.CodeType:
    """Return a module's code; a probe's is made ahead of the children, who all need it."""
    return compile(source, filename, "exec", dont_inherit=True)


def load(source: str, filename: str, module_name: str) -> types.ModuleType:
    """Execute `source` as a module of its own; its lines can be found by `inspect` and in tracebacks."""
    module = types.ModuleType(module_name)
    module.__file__ = filename
    linecache.cache[filename] = (len(source), None, io.StringIO(source, newline=None).readlines(), filename)
    sys.modules[module_name] = module
    exec(compiled(source, filename), module.__dict__)
    return module


class Observer:
    """Calls functions and describes what they did; `filename` tells the learner's lines from others."""

    def __init__(self, filename: str, attempts: Attempts, device: str, *, graphs: bool = False) -> None:
        self._filename = filename
        self._graph = behind if graphs else None
        self._device = device
        self._attempts = attempts

    def observe(
        self, mark: str, work: Callable[[], Any], arguments: dict[str, Any], seed: int
    ) -> tuple[Witnessed, Freezer]:
        """Run `work` and return what was seen of it, as the answer with this mark, with the tensors that belong to it.

        `arguments` are those of the call, by label.
        """
        freezer, raised = Freezer(_shareable(arguments), self._graph), None
        _seed(seed, self._device)
        before = {name: read() for name, read in _GLOBALS.items()}
        _seed(seed, self._device)
        self._attempts.forget()
        started = time.perf_counter()
        with _recorded() as caught:
            try:
                value = work()
            except BaseException as error:  # whatever it is, the verdict names it
                raised, value = self._described(error), None
        seconds = time.perf_counter() - started
        warned = [text_of(warning.message, MAX_MESSAGE) for warning in caught[:MAX_WARNINGS]]
        changed = [name for name, was in before.items() if not _same(_GLOBALS[name](), was)]
        torch.set_grad_enabled(True)
        frozen, *left = (_frozen(freezer, each) for each in (value, *arguments.values()))
        return Witnessed(mark, frozen, left, seconds, warned, changed, raised), freezer

    def _described(self, error: BaseException) -> Raised:
        try:
            return self.describe(error)
        except BaseException:  # its class answers to whoever looks at it
            return Raised(
                "Exception", [], "it raises another one where somebody looks at it", [], True, False, None, None
            )

    def describe(self, error: BaseException) -> Raised:
        """Return type, message and the learner's lines of an exception that left the submission."""
        forbidden = self._forbidden(error)  # first: what follows may open files, which Attempts would hear
        frames = _frames(error)
        mine = [frame for frame in frames if frame.tb_frame.f_code.co_filename == self._filename]
        lines = [self._line(tb.tb_lineno, tb.tb_frame.f_code.co_name) for tb in mine[-MAX_LINES:]]
        if isinstance(error, SyntaxError) and error.filename == self._filename:
            lines = [self._line(error.lineno, "")]
        return Raised(
            type=text_of(type_name(error), MAX_NAME),
            bases=[text_of(base.__name__, MAX_NAME) for base in type(error).__mro__[:MAX_BASES]],
            message=_message(error),
            lines=lines,
            own=self._is_own(frames, error),
            stated=bool(mine) and frames[-1] is mine[-1] and _is_raise(mine[-1]),
            forbidden=forbidden,
            missing=_missing(error),
        )

    def _is_own(self, frames: list[types.TracebackType], error: BaseException) -> bool:
        """Return whether an exception came out of the learner's code, and not out of a probe that went on with it."""
        files = [
            frame.tb_frame.f_code.co_filename for frame in frames if frame.tb_frame.f_code.co_name not in LISTENERS
        ]
        last = next((each for each in reversed(files) if each in (self._filename, PROBE_FILE)), self._filename)
        # That of a loader's worker bears the traceback of the other process as its text.
        return last == self._filename or self._filename in _message(error)

    def _line(self, number: int | None, function: str) -> CodeLine:
        """Return a line of the learner's file; a SyntaxError of their own making may name any number."""
        real = number if isinstance(number, int) and 0 < number <= MAX_LINE_NUMBER else 0
        text = linecache.getline(self._filename, real).strip() if real else ""
        return CodeLine(real, text_of(text, MAX_LINE), text_of(function, MAX_LINE))

    def _forbidden(self, error: BaseException | None) -> str | None:
        """Return what the sandbox refused, of an exception or of what led to it."""
        try:
            for _ in range(MAX_CHAIN):
                if error is None or (refused := self._attempts.refused(error)):
                    return None if error is None else text_of(refused, MAX_MESSAGE)
                error = error.__cause__ or error.__context__
        except BaseException:  # attributes of the submission's own
            pass
        return None


def _frozen(freezer: Freezer, value: Any) -> Node:
    """Return the node for a value; for one that breaks whoever reads it, a node that says so."""
    try:
        return freezer.freeze(value)
    except BaseException as error:  # an object's own `__class__` may raise anything
        return Unsendable(text_of(type_name(value), MAX_NAME), f"it cannot be read: {type_name(error)}")


def _frames(error: BaseException) -> list[types.TracebackType]:
    found, frame = [], error.__traceback__
    while frame:
        found.append(frame)
        frame = frame.tb_next
    return found


def _is_raise(frame: types.TracebackType) -> bool:
    """Return whether a `raise` statement stands there; torch raises NotImplementedError from below, too."""
    return frame.tb_frame.f_code.co_code[frame.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _missing(error: BaseException) -> str | None:
    """Return the name that a probe looked for in the submission in vain, None where it was anything else."""
    sought = isinstance(error, AttributeError) and error.obj is sys.modules.get(SUBMISSION)
    return text_of(error.name, MAX_NAME) if sought and isinstance(error, AttributeError) else None


def _message(error: BaseException) -> str:
    try:
        return text_of(error.msg if isinstance(error, SyntaxError) else error, MAX_MESSAGE)
    except BaseException:  # a `__str__` of the submission's own
        return ""


def _shareable(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        label: value for label, value in arguments.items() if isinstance(value, (torch.Tensor, np.ndarray, list, dict))
    }


@contextlib.contextmanager
def _recorded() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


# Of NumPy's and Python's generators, what they give next: their states take a hundred times longer to read.
_GLOBALS: dict[Global, Callable[[], Any]] = {
    "default dtype": torch.get_default_dtype,
    "default device": torch.get_default_device,
    "grad mode": torch.is_grad_enabled,
    "torch's global random state": torch.get_rng_state,
    "NumPy's global random state": functools.partial(np.random.bytes, 16),
    "Python's global random state": functools.partial(random.getrandbits, 128),
}


def _seed(seed: int, device: str) -> None:
    """Seed every generator in use; `torch.manual_seed` takes a hundred times longer to find none but the CPU's."""
    torch.default_generator.manual_seed(seed)
    if device != "cpu":
        getattr(torch, device).manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def _same(now: Any, was: Any) -> bool:
    if isinstance(was, torch.Tensor):
        return torch.equal(now, was)
    return bool(now == was)


def fits(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> str | None:
    """Return the signature as text where the arguments do not fit it, None where they do."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return str(signature)
    return None
