"""Lets eager code run without torch's compiler, which is loaded only by what asks it for more.

An optimizer's first step and the first operation on the meta device import `torch._dynamo`, to tell a compiler that
is not at work what to leave alone. That takes longer than most exercises, and 77 MB.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
import types
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

import torch

NAME = "torch._dynamo"


class LateDynamo(types.ModuleType):
    """`torch._dynamo` that becomes the real package, the same object, once anything but its two marks is asked for."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(NAME)
        self.__spec__, self.__file__, self.__package__ = spec, spec.origin, NAME
        vars(self).update(disable=self._disable, graph_break=_nothing, _marked=[], _lock=threading.RLock())

    def _disable(self, function: Callable[..., Any] | None = None, *options: Any, **others: Any) -> Any:
        """Return a function as it is, as long as nothing is compiled; torch keeps it as a mark of its own function."""
        if function is None or others.get("wrapping", True):
            return self.__getattr__("disable")(function, *options, **others)
        self._marked.append(function)
        return function

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if type(self) is LateDynamo:
                self._become_real()
        return getattr(self, name)

    def _become_real(self) -> None:
        marked, spec = self._marked, self.__spec__
        assert spec is not None
        assert spec.loader is not None
        for late in ("disable", "graph_break", "_marked"):
            del vars(self)[late]
        self.__class__ = types.ModuleType  # type: ignore[assignment]
        self.__path__ = spec.submodule_search_locations or []
        for function in marked:  # the compiler is to know of them now
            vars(function).pop("__dynamo_disable", None)
        spec.loader.exec_module(self)


class _AlreadyLoaded(MetaPathFinder, Loader):
    """Finds what became loaded while Python looked up the way to it: it would be run a second time."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        found = sys.modules.get(name) if name.startswith(f"{NAME}.") else None
        return ModuleSpec(name, self, origin=found.__file__, is_package=hasattr(found, "__path__")) if found else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return sys.modules[spec.name]

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: that was done."""


def _nothing() -> None:
    """Break no graph where none is made."""


def load_dynamo_late() -> None:
    """Put off what has not been loaded yet; where torch lays it out in another way, leave it alone."""
    spec = None if NAME in sys.modules else importlib.util.find_spec(NAME)
    if spec is not None:
        sys.modules[NAME] = torch._dynamo = LateDynamo(spec)
        sys.meta_path.insert(0, _AlreadyLoaded())
