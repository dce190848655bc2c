"""Importing this lets `import torchvision` succeed beside a CPU-only torch.

The registry's torchvision for Linux is built for CUDA. Beside a CPU torch its compiled operators do not
load, and the import then dies with "operator torchvision::nms does not exist", though nothing but
detection models needs them. Declaring the two operators that torchvision registers shapes for is enough
for `utils`, `transforms` and the classification models. Where they do load, this does nothing.
"""

import importlib.util
from pathlib import Path

import torch

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def operators_load() -> bool:
    """Return whether torchvision's compiled operators fit this torch; True where there is no torchvision."""
    found = importlib.util.find_spec("torchvision")
    libraries = [] if found is None else list(Path(str(found.origin)).parent.glob("_C.*"))
    try:
        for library in libraries:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return True


def _declare() -> torch.library.Library:
    operators = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        operators.define(name + SCHEMA)  # type: ignore[no-untyped-call]
    return operators


# Declarations last as long as the object that made them.
DECLARED = None if operators_load() else _declare()
