"""Puts a child back to how it was before it met a submission, so that it can serve another check; says what it cannot.

What is put back: settings of torch, numpy and Python, modules, the environment, the current folder. What is only looked
at, since it cannot be undone with certainty: threads, processes, functions that somebody has put in others' place.
It is a courtesy to honest code, and no protection: what counts against a submission is seen in a child of its own.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.nn.modules import module as hooks

from grader.sandbox.child.names import (
    modules_of_probes,
    names_changed,
    new_modules,
    remember_modules,
    remember_names,
)

HOOKS = tuple(name for name in vars(hooks) if name.startswith("_global_"))
# Windows has not all of these.
SIGNALS = ("SIGALRM", "SIGINT", "SIGTERM", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGPROF", "SIGVTALRM")
HANDLED = tuple(getattr(signal, name) for name in SIGNALS if hasattr(signal, name))
SPARE_HANDLES = 32  # files that a submission may have left open before the child is given up


def _torch_settings() -> dict[Callable[[Any], Any], Any]:
    """Return how to set each setting of torch, with its value now."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    return {
        torch.set_default_dtype: torch.get_default_dtype(),
        torch.set_grad_enabled: torch.is_grad_enabled(),
        torch.set_float32_matmul_precision: torch.get_float32_matmul_precision(),
        torch.set_warn_always: torch.is_warn_always_enabled(),
        torch.set_flush_denormal: False,
        torch.autograd.set_detect_anomaly: torch.is_anomaly_enabled(),
        torch.set_deterministic_debug_mode: torch.get_deterministic_debug_mode(),
        _set(cudnn, "benchmark"): cudnn.benchmark,
        _set(cudnn, "deterministic"): cudnn.deterministic,
        _set(cudnn, "allow_tf32"): cudnn.allow_tf32,
        _set(matmul, "allow_tf32"): matmul.allow_tf32,
        torch.set_autocast_cache_enabled: torch.is_autocast_cache_enabled(),
    }


def _set(place: object, name: str) -> Callable[[Any], None]:
    return lambda value: setattr(place, name, value)


class Baseline:
    """How the child is before it meets a submission; `back` returns to it."""

    def __init__(self) -> None:
        self._torch = _torch_settings()
        self._print = dict(vars(torch._tensor_str.PRINT_OPTS))
        self._numpy = (np.geterr(), np.get_printoptions())
        self._environment, self._folder = dict(os.environ), os.getcwd()
        self._path, self._argv = list(sys.path), list(sys.argv)
        self._streams = (sys.stdin, sys.stdout, sys.stderr)
        self._recursion, self._filters = sys.getrecursionlimit(), list(warnings.filters)
        self._hooks = (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook)
        self._signals = {number: signal.getsignal(number) for number in HANDLED}
        self._logging = (logging.root.level, list(logging.root.handlers), logging.root.manager.disable)
        self._threads = threading.active_count()
        self._handle = _lowest_free_handle()
        remember_names()
        remember_modules()

    def back(self) -> list[str]:
        """Put back what can be; return what cannot, and nothing where all is as it was."""
        try:
            self._stop_clocks()
            self._put_back()
        except Exception as error:  # something of ours was replaced
            return [f"{type(error).__name__}: {error}"]
        return list(self._left())

    def _stop_clocks(self) -> None:
        if sys.platform != "win32":
            for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
                signal.setitimer(timer, 0)
        for number, handler in self._signals.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def _put_back(self) -> None:
        sys.settrace(None)
        sys.setprofile(None)
        sys.stdin, sys.stdout, sys.stderr = self._streams
        sys.path[:], sys.argv[:] = self._path, self._argv
        sys.setrecursionlimit(self._recursion)
        sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook = self._hooks
        warnings.filters[:] = self._filters  # type: ignore[index]
        if dict(os.environ) != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        os.chdir(self._folder)
        os.umask(0o022)
        random.seed(0)
        if (logging.root.level, logging.root.manager.disable) != (self._logging[0], self._logging[2]):
            logging.root.setLevel(self._logging[0])  # each of both makes all loggers forget what they worked out
            logging.disable(self._logging[2])
        logging.root.handlers[:] = self._logging[1]
        np.seterr(**self._numpy[0])
        np.set_printoptions(**self._numpy[1])
        for setting, value in self._torch.items():
            setting(value)
        torch.set_default_device(None)
        vars(torch._tensor_str.PRINT_OPTS).update(self._print)
        for module in modules_of_probes():
            getattr(module, "put_back", lambda: None)()
        torch.clear_autocast_cache()
        self._forget_modules()

    def _forget_modules(self) -> None:
        """Forget modules that the submission made; what it imported of Python and its packages may stay."""
        for name in new_modules():
            place = getattr(sys.modules[name], "__spec__", None)
            origin = getattr(place, "origin", None) or ""
            if place is None or origin.startswith(self._folder):
                del sys.modules[name]

    def _left(self) -> Iterator[str]:
        if threading.active_count() > self._threads:
            yield "threads are still running"
        if _has_children():
            yield "processes are still running"
        if torch._C._len_torch_function_stack() or torch._C._len_torch_dispatch_stack():
            yield "a mode of torch is still in force"
        found = {name: vars(hooks)[name] for name in HOOKS}
        yield from (f"{name} holds hooks" for name, held in found.items() if isinstance(held, dict) and held)
        if _lowest_free_handle() > self._handle + SPARE_HANDLES:
            yield "many files are still open"
        yield from (f"{name} was changed" for name in names_changed())


def _lowest_free_handle() -> int:
    handle = os.dup(0)
    os.close(handle)
    return handle


def _has_children() -> bool:
    if sys.platform == "win32":
        import psutil

        return bool(psutil.Process().children())
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
