"""PyTorch katas and their grader: exercises, hidden checks, and verdicts that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__version__ = "0.1.0"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics of notebooks, as `%load_ext grader` asks for."""
    from grader.notebook.magics import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """End what `%load_ext grader` began."""
    from grader.notebook.magics import unload

    unload(shell)
