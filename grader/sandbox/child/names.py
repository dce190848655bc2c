"""Remembers what the names of much used modules mean, to tell whether something else was put in their place."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Iterator
from typing import Any

# Where learners, and what they copy, put other functions: the names of these modules must mean what they meant.
WATCHED = (
    "builtins", "math", "random", "time", "os", "copy", "operator", "itertools", "functools", "inspect", "types",
    "json", "numpy", "numpy.random", "torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.nn.utils",
    "torch.optim", "torch.autograd", "torch.autograd.functional", "torch.autograd.graph", "torch.cuda",
    "torch.linalg", "torch.random", "torch.serialization", "torch.special", "torch.testing", "torch.utils.data",
    "torch.utils.tensorboard", "torch._tensor", "torch.overrides", "torchvision", "torchvision.transforms",
    "torchvision.utils", "gymnasium", "ignite.engine", "pandas", "cv2", "tensorboardX", "msgspec.json",
    "safetensors.torch", "grader.sandbox.child.server", "grader.sandbox.child.observe", "grader.sandbox.child.live",
    "grader.sandbox.child.reset", "grader.sandbox.child.attempts", "grader.sandbox.shared.freeze",
    "grader.sandbox.shared.wire", "grader.sandbox.shared.messages",
)  # fmt: skip
# Of these modules, the classes as well: their methods can be replaced.
WITH_CLASSES = ("torch", "torch.nn", "torch.optim", "torch.utils.data", "torch.autograd", "ignite.engine")

Meanings = dict[str, Any]

_remembered: dict[str, tuple[object, Meanings]] = {}  # name of a module or class → itself, and what its names mean
_all_meanings: list[Any] = []  # of all of them, one after the other
_loaded: set[str] = set()
_shared_by_probes: list[str] = []

PRELOADED = "grader.curriculum.preload."  # what probes share; a module that plays games puts them back


def remember_modules(*, anew: bool = False) -> None:
    """Remember which modules are loaded by now, if that was not done before.

    It is done ahead of a fork: a child that only looked through their names would have to copy the memory of each, for
    the reference that it counts.
    """
    if anew or not _loaded:
        _loaded.clear()
        _loaded.update(sys.modules)
        _shared_by_probes[:] = [name for name in sys.modules if name.startswith(PRELOADED)]


def new_modules() -> list[str]:
    """Return the names of modules that were loaded since then."""
    latest = [*itertools.takewhile(lambda name: name not in _loaded, reversed(sys.modules))]
    if len(latest) + len(_loaded) == len(sys.modules):
        return latest
    return [name for name in sys.modules if name not in _loaded]


def modules_of_probes() -> list[types.ModuleType]:
    """Return the modules that probes share, of those that are loaded."""
    latest = [name for name in new_modules() if name.startswith(PRELOADED)]
    return [sys.modules[name] for name in (*_shared_by_probes, *latest) if name in sys.modules]


def remember_names(*, anew: bool = False) -> None:
    """Remember the modules that are loaded by now; `anew` also those that were remembered before."""
    new = [name for name in WATCHED if name in sys.modules and (anew or name not in _remembered)]
    for name in new:
        module = sys.modules[name]
        _remembered[name] = (module, dict(vars(module)))
        if name in WITH_CLASSES:
            _remember_classes(module)
    if new:
        _all_meanings[:] = itertools.chain.from_iterable(meant.values() for _, meant in _remembered.values())


def _remember_classes(module: types.ModuleType) -> None:
    for cls in list(vars(module).values()):
        if isinstance(cls, type) and cls.__module__.partition(".")[0] == module.__name__.partition(".")[0]:
            _remembered[f"{cls.__module__}.{cls.__qualname__}"] = (cls, dict(vars(cls)))


def names_changed() -> Iterator[str]:
    """Yield each module or class that is another one than before, or a name in it that means something else."""
    for name in WATCHED:
        if name in _remembered and sys.modules.get(name) is not _remembered[name][0]:
            yield name
    if _all_are_alike():
        return
    for name, (place, meant) in _remembered.items():
        if not _are_alike(place, meant):
            for each, found in meant.items():
                now = vars(place).get(each)
                if now is not found and _matters(found) and not _only_wraps(now, found):
                    yield f"{name}.{each}"


def _all_are_alike() -> bool:
    """Return whether nothing changed: most often so, and 20,000 names are looked at before each check but the first."""
    now = itertools.chain.from_iterable(map(_values_of, _remembered.values()))
    try:
        return [*now] == _all_meanings
    except Exception:  # see below
        return False


def _values_of(remembered: tuple[object, Meanings]) -> Iterator[Any]:
    """Yield what stands now where a place's names stood; what was added since comes after them."""
    place, meant = remembered
    return itertools.islice(vars(place).values(), len(meant))


def _are_alike(place: object, meant: Meanings) -> bool:
    """Return whether the same things stand in the same order, whatever came after them."""
    try:
        return [*_values_of((place, meant))] == [*meant.values()]
    except Exception:  # things that do not like to be compared, and so are others than before
        return False


def _matters(found: Any) -> bool:
    """Return whether a name means a function, a class or a module; others may change, as counters do."""
    return callable(found) or isinstance(found, types.ModuleType)


def _only_wraps(now: Any, found: Any) -> bool:
    """Return whether torch itself has put something around a function, as its optimizers and its compiler do."""
    inner = getattr(now, "__wrapped__", None) or getattr(now, "_torchdynamo_orig_callable", None)
    return inner is found and str(getattr(now, "__module__", "")).startswith("torch")
