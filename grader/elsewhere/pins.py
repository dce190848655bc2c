"""The versions of everything that the grader runs with here, so that it runs with the same elsewhere."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from grader.elsewhere.package import NAME

OF_TORCH = ("torch", "torchvision")  # they come from an index of their own, without CUDA


def pins() -> str:
    """Return a constraint for every package that the grader needs, and those need, and that is installed here."""
    return _lines(dict(sorted(_installed(NAME, set()))))


def of_torch() -> str:
    """Return requirements for torch and torchvision at the versions that are installed here."""
    return _lines({name: version for name, version in _installed(NAME, set()) if name in OF_TORCH})


def _lines(versions: dict[str, str]) -> str:
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def _installed(name: str, seen: set[str]) -> Iterator[tuple[str, str]]:
    """Yield each package once, with its version as the index knows it: `2.13.0`, whatever it was built for."""
    for text in importlib.metadata.requires(name) or ():
        needed = Requirement(text)
        known = canonicalize_name(needed.name)
        if known in seen or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        seen.add(known)
        try:
            version = importlib.metadata.version(known)
        except importlib.metadata.PackageNotFoundError:
            continue
        yield known, Version(version).public
        yield from _installed(known, seen)
