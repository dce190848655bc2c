"""Verdicts as JSON. The form is described by verdict.schema.json; its history stands at SCHEMA_VERSION.

Version 1: the first.
Version 2: `due` of a check is called `expected`.
Version 3: a step has the `line` where it begins, a check its `difference`, `details` and `graphs`;
the checks of a step stand in the order in which they are told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from grader.verdict import SCHEMA_VERSION, Verdict

SCHEMA_FILE = Path(__file__).with_name("verdict.schema.json")


def to_json(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as one JSON document, ending in a newline."""
    document = {"schema": SCHEMA_VERSION, "verdicts": [verdict.to_dict() for verdict in verdicts]}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> list[Verdict]:
    """Return the verdicts that `to_json` wrote; raise ValueError for another version or form."""
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("verdicts"), list):
        raise ValueError("not a list of verdicts")
    if document.get("schema") != SCHEMA_VERSION:
        raise ValueError(f"verdicts of schema {document.get('schema')!r}; this grader reads {SCHEMA_VERSION}")
    return [Verdict.from_dict(each) for each in document["verdicts"]]
