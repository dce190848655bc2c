"""How a fresh interpreter is started for the other side of the sandbox: its command and its whole environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from grader.catalogue import places

BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); from grader.sandbox.{module} import {name}; {name}()"
)
KEPT = ("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "LD_LIBRARY_PATH", "PYTORCH_ENABLE_MPS_FALLBACK", "SYSTEMROOT")


def command(module: str, name: str, *arguments: str) -> list[str]:
    """Return the command for a fresh interpreter with this one's packages and nothing else of the user's."""
    paths = [entry for entry in sys.path if entry and Path(entry).resolve() != Path.cwd() and not _has_grader(entry)]
    return [sys.executable, "-I", "-c", BOOT.format(module=module, name=name), *arguments,
            json.dumps([*paths, str(places.imported_from())])]  # fmt: skip


def _has_grader(folder: str) -> bool:
    """Whether the grader could be imported from a folder: it must come from nowhere but where this one came from."""
    return Path(folder, "grader").is_dir()


def environment() -> dict[str, str]:
    """Return the whole environment of a process of the sandbox: nothing of the user's crosses but where CUDA lies.

    A child puts its own scratch folder in the place of the home.
    """
    scrubbed = {
        "PATH": os.defpath, "HOME": "/nonexistent", "LANG": "C.UTF-8", "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "MPLCONFIGDIR": str(places.workspace().state / "matplotlib"),
    }  # fmt: skip
    return scrubbed | {name: os.environ[name] for name in KEPT if name in os.environ}


def apart() -> dict[str, Any]:
    """Return the options of a process that neither Ctrl-C nor the end of a terminal is to reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
