"""The mark of a workspace outside of a checkout: what it holds, and what its files were when they were handed out."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grader import files
from grader.catalogue import places
from grader.errors import UsageError

FORMAT = 1
ALL = "all"
HEAD = f"""\
# This file marks a folder of PyTorch katas; commands find it from the current folder upwards. `update` writes it anew.
# You may change `exercises` ("{ALL}", or numbers and ranges such as "1-10,16") and `solutions` (who has them; `compare`
# shows them if this is empty).
"""


@dataclass(frozen=True)
class Mark:
    """What the mark says. `handed_out` maps each file that the workspace was given to the hash of what it was given."""

    program: str = ""
    exercises: str = ALL
    solutions: str = ""
    handed_out: dict[str, str] = field(default_factory=dict)

    def with_file(self, name: str, digest: str) -> Mark:
        """Return the same mark with one more file handed out."""
        return replace(self, handed_out=self.handed_out | {name: digest})

    @property
    def text(self) -> str:
        """What is written into the file."""
        texts = {"program": self.program, "exercises": self.exercises, "solutions": self.solutions}
        lines = [f"{key} = {_quoted(value)}" for key, value in texts.items()]
        table = [f"{_quoted(name)} = {_quoted(digest)}" for name, digest in sorted(self.handed_out.items())]
        return "\n".join([HEAD, f"format = {FORMAT}", *lines, "", "[handed_out]", *table, ""])


def _quoted(text: str) -> str:
    """Return a text as TOML, which quotes as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def read_mark(workspace: places.Workspace) -> Mark:
    """Return what a workspace's mark says; where there is none, as in a checkout, that it holds everything."""
    try:
        document = tomllib.loads(files.read(workspace.mark).decode())
    except FileNotFoundError:
        return Mark()
    except OSError as error:
        raise UsageError(f"{workspace.mark} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{workspace.mark} is damaged ({error}); an empty file in its place will do") from None
    if (version := document.pop("format", FORMAT)) != FORMAT:
        said = f"{workspace.mark} is of format {version}, made by another version of this program"
        raise UsageError(f"{said}, which reads format {FORMAT}; install the newest version")
    return _mark(workspace.mark, document)


def _mark(path: Path, document: dict[str, Any]) -> Mark:
    texts = {key: document.get(key, usual) for key, usual in (("program", ""), ("exercises", ALL), ("solutions", ""))}
    table = document.get("handed_out", {})
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(table, dict):
        raise UsageError(f"{path} is damaged (its values are texts); an empty file in its place will do")
    return Mark(**texts, handed_out={name: str(digest) for name, digest in table.items()})


def require_solutions() -> None:
    """Raise UsageError where the workspace was handed out without solutions."""
    if holder := withheld_by():
        raise UsageError(f"this workspace comes without solutions; {holder} has them")


def withheld_by() -> str:
    """Return who has the solutions instead of the workspace; empty where `compare` may show them."""
    workspace = places.find_workspace()  # a notebook may have none
    return read_mark(workspace).solutions if workspace else ""
