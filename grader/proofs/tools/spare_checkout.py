"""A copy of the checkout to play in, so that nobody's files or record are touched."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.catalogue import places

COPIED = ("grader", "exercises", "solutions", "fixtures")


@contextmanager
def spare_checkout() -> Iterator[Path]:
    """Yield a copy of all that grading needs; it is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        copy_checkout(Path(folder))
        yield Path(folder)


def copy_checkout(folder: Path) -> None:
    """Copy all that grading needs into a folder."""
    left_out = shutil.ignore_patterns("__pycache__", "tests", "answers", "hostile", "peers")
    for name in COPIED:
        shutil.copytree(places.checkout() / name, folder / name, ignore=left_out)
