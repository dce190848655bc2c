"""The forms in which a verdict can be written: a format is a file of this room, and one row here.

The flags of the command line, their help and the README's table follow from the rows.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.verdict import Verdict


@dataclass(frozen=True)
class Format:
    """One form: `name` is that of its flag and its file, `what` says in a few words what is written."""

    name: str
    what: str

    def render(self, verdicts: Sequence[Verdict]) -> str:
        """Return the verdicts in this form; its module is loaded only now."""
        module = importlib.import_module(f"grader.reports.to_{self.name}")
        write: Callable[[Sequence[Verdict]], str] = getattr(module, f"to_{self.name}")
        return write(verdicts)


FORMATS = (
    Format("json", "JSON, as verdict.schema.json describes it"),
    Format("junit", "JUnit XML, as CI systems and editors read it"),
    Format("html", "a page that needs nothing else, to read, print, or send to somebody"),
    Format("lines", "a line FILE:LINE: for each failure, as editors read it"),
    Format("github", "annotations at the learner's lines, as GitHub Actions reads them"),
    Format("markdown", "Markdown, as GitHub shows it in the summary of a job"),
    Format("svg", "a picture of what the terminal shows"),
)


def readme_table() -> str:
    """Return the table of the README that lists the formats."""
    rows = [f"| `--{each.name} FILE` | {each.what} |" for each in FORMATS]
    return "\n".join(["| | |", "| --- | --- |", *rows])
