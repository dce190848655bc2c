"""Packages that come with the extra `class` alone."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from grader.errors import UsageError


def needed(module: str, purpose: str) -> Any:
    """Return a module; raise UsageError that says what to install where it is not there."""
    try:
        found: ModuleType = importlib.import_module(module)
    except ImportError:
        raise UsageError(f"to {purpose}, install the extra: pip install 'pytorch-katas[class]'") from None
    return found
