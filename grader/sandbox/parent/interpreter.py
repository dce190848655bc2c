"""How a fresh interpreter is started for the other side of the sandbox: its command and its whole environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from grader.catalogue import places

BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); from grader.sandbox.{module} import {name}; {name}()"
)
KEPT = ("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CUDA_PATH", "LD_LIBRARY_PATH", "PYTORCH_ENABLE_MPS_FALLBACK")
# Without these, Windows finds neither its own libraries nor a place for what is temporary.
KEPT_ON_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATH", "PATHEXT", "TEMP", "TMP", "PROCESSOR_ARCHITECTURE",
                   "NUMBER_OF_PROCESSORS")  # fmt: skip


def command(module: str, name: str, *arguments: str) -> list[str]:
    """Return the command for a fresh interpreter with this one's packages and nothing else of the user's."""
    paths = [entry for entry in sys.path if entry and Path(entry).resolve() != Path.cwd() and not _has_grader(entry)]
    return [executable(), "-I", "-X", "utf8", "-c", BOOT.format(module=module, name=name), *arguments,
            json.dumps([*paths, str(places.imported_from())])]  # fmt: skip


def executable() -> str:
    """Return Python itself: on Windows, a virtual environment's would start that as another process, out of reach."""
    return getattr(sys, "_base_executable", sys.executable) if sys.platform == "win32" else sys.executable


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
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "MPLCONFIGDIR": str(places.caches() / "matplotlib"),
    }  # fmt: skip
    if sys.platform == "win32":
        # By the second, Python finds the virtual environment that it belongs to, as multiprocessing has it.
        scrubbed |= {"USERPROFILE": tempfile.gettempdir(), "__PYVENV_LAUNCHER__": sys.executable, "USERNAME": "katas"}
    kept = (*KEPT, *KEPT_ON_WINDOWS) if sys.platform == "win32" else KEPT
    return scrubbed | {name: os.environ[name] for name in kept if name in os.environ}


def apart() -> dict[str, Any]:
    """Return the options of a process that neither Ctrl-C nor the end of a terminal is to reach."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
