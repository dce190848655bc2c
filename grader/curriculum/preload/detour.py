"""Tells a detour through Python from a look: numbers that a tensor gave and that a tensor is made of again."""

import functools

import torch
from torch.overrides import TorchFunctionMode

from grader.curriculum.preload import meta  # noqa: F401  tensors there have numbers

ARITHMETIC = ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__neg__", "__pow__")


class _FromTensor(float):
    """A number of a tensor on the meta device; what is computed from it is one, too."""


def _marked(value):
    if isinstance(value, list):
        return [_marked(each) for each in value]
    return _FromTensor(value) if isinstance(value, (int, float)) else value


def _marking(method):
    @functools.wraps(method)
    def marking(self, *args):
        result = method(self, *args)
        return result if isinstance(self, torch.Tensor) and not self.is_meta else _marked(result)

    return marking


for _name in ARITHMETIC:
    setattr(_FromTensor, _name, _marking(getattr(float, _name)))


class Detour(TorchFunctionMode):
    """A context; `taken` tells whether a tensor was made of numbers that one on the meta device gave."""

    def __init__(self):
        self.taken = False
        self._methods = {name: getattr(torch.Tensor, name) for name in ("item", "tolist")}

    def __enter__(self):
        for name, method in self._methods.items():
            setattr(torch.Tensor, name, _marking(method))
        return super().__enter__()

    def __exit__(self, *error):
        for name, method in self._methods.items():
            setattr(torch.Tensor, name, method)
        return super().__exit__(*error)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.taken |= _holds_marked([*args, *(kwargs or {}).values()])
        return function(*args, **(kwargs or {}))


def _holds_marked(value):
    return any(map(_holds_marked, value)) if isinstance(value, (list, tuple)) else isinstance(value, _FromTensor)
