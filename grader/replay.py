"""Runs a Python session again, line by line, as if it were typed now."""

from __future__ import annotations

import code
import doctest


def replay(session: str) -> None:
    """Run the examples of a doctest text in this process and print what they print today."""
    console = code.InteractiveConsole()
    for example in doctest.DocTestParser().get_examples(session):
        first, *others = example.source.rstrip("\n").split("\n")
        print("\n".join([f">>> {first}", *(f"... {line}" for line in others)]))
        console.runsource(example.source, symbol="single")
