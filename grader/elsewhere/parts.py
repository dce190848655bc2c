"""What every autograder is made of: this program, what it needs at the versions of this machine, and the task."""

from __future__ import annotations

import sys
from pathlib import Path
from string import Template

from grader.elsewhere.package import wheel
from grader.elsewhere.pins import of_torch, pins
from grader.elsewhere.task import FILE, Task

SCRIPTS = Path(__file__).with_name("scripts")


def parts(task: Task, platform: str) -> dict[str, bytes]:
    """Return the files by name; `setup.sh` among them installs the others."""
    name, program = wheel()
    texts = {
        "setup.sh": script("setup.sh", platform=platform),
        "constraints.txt": pins(),
        "torch.txt": of_torch(),
        FILE: task.to_json(),
    }
    return {**{name: text.encode() for name, text in texts.items()}, name: program}


def script(name: str, **words: str) -> str:
    """Return a script with some words put in."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return _Script(SCRIPTS.joinpath(name).read_text(encoding="utf-8")).substitute(python=python, **words)


class _Script(Template):
    """Text in which `@@word` is replaced: shells and workflows have uses of their own for `$`."""

    delimiter = "@@"
