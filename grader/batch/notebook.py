"""The code cells of a notebook as one text of Python, as far as that can be told without running anything."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

MOST_BYTES = 32_000_000  # pictures in the output of cells are a part of the file
MAGIC = re.compile(r"\s*[!%?]|.*\S\?\??\s*$")
# Cell magics below whose first line is still Python of the notebook's own.
PYTHON_BELOW = {"time", "timeit", "capture", "prun", "step", "kata"}


def code_of(data: bytes) -> tuple[str, int]:
    """Return the code of a notebook, and how many cells have some; raise ValueError, which says what it is instead."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("is no notebook: it does not hold JSON") from None
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise ValueError("is no notebook that can be read: it has no list of cells")
    texts = [_python(_source(each)) for each in cells if isinstance(each, dict) and each.get("cell_type") == "code"]
    code = [text for text in texts if text.strip()]
    if not code:
        raise ValueError("is a notebook without code")
    return "\n\n".join(code) + "\n", len(code)


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _python(text: str) -> str:
    """Return a cell with what only a notebook understands as comments, so that lines keep their numbers."""
    first, _, rest = text.lstrip("\n").partition("\n")
    if magic := re.match(r"%%(\w+)", first):
        return _comment(first) + "\n" + (_python(rest) if magic[1] in PYTHON_BELOW else _commented(rest))
    if _is_python(text):
        return text
    return "\n".join(_comment(line) if MAGIC.match(line) else line for line in text.split("\n"))


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _commented(text: str) -> str:
    return "\n".join(map(_comment, text.split("\n")))


def _comment(line: str) -> str:
    """Return a line that does nothing; where it is all that a block has, the block needs a statement."""
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass  # {line.lstrip()}" if indent else f"# {line}"
