"""The files of an assignment's autograder in Classroom 50."""

from __future__ import annotations

import json
import sys

from grader.elsewhere.classroom50.result import require_whole_points
from grader.elsewhere.parts import script
from grader.elsewhere.pins import of_torch, pins
from grader.elsewhere.task import FILE, Task

PACKAGES = ["libgl1", "libglib2.0-0", "libseccomp2"]


def made(task: Task, install: str) -> dict[str, bytes]:
    """Return the files by name; `install` is what pip installs: a student may read all of it, as everything there."""
    require_whole_points(task)
    runtime = {
        "runs-on": "ubuntu-latest",
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "apt": PACKAGES,
    }
    texts = {
        "autograder.py": script("classroom50_autograder", install=json.dumps(install)),
        "constraints.txt": pins(),
        "torch.txt": of_torch(),
        "runtime.json": json.dumps(runtime, indent=2) + "\n",
        FILE: task.to_json(),
    }
    return {name: text.encode() for name, text in texts.items()}
