"""Runs every part in turn, each for no longer than its share of the time, and writes what came of it as one JSON."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.exit_code import ExitCode
from grader.proofs.gpu import parts
from grader.proofs.gpu.parts import Work

# How much of the time that is left each part may take; what one leaves, the next ones have.
SHARES: tuple[tuple[str, float, Callable[[Work], dict[str, Any]]], ...] = (
    ("solutions", 0.35, parts.solutions),
    ("wrong answers about devices", 0.5, parts.wrong_answers),
    ("bench", 0.5, parts.bench),
    ("pictures", 0.9, parts.pictures),
)

NO_DEVICE = f"exit code {int(ExitCode.USAGE)}"


def main() -> int:
    """Run it; return 0 where every part came to its end and found nothing amiss, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="grader/proofs/gpu.sh", description=__doc__)
    parser.add_argument("out", type=Path, help="the folder for figures and pictures")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=470.0, help="how long all of it may take")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    end, found = time.monotonic() + options.seconds, {"machine": _machine(), "device": options.device}
    for name, share, part in SHARES:
        found[name] = _timed(part, Work(options.out.resolve(), options.device, share * (end - time.monotonic())))
        print(f"{name}: {found[name]['ended']}, {found[name]['seconds']} s", flush=True)
        (options.out / "gpu.json").write_text(json.dumps(found, indent=2), encoding="utf-8")  # what is there, stays
        if found["solutions"]["ended"] == NO_DEVICE:  # the other parts would only say the same
            return 1
    return int(any(found[name]["ended"] not in ("well", "left out") for name, _, _ in SHARES))


def _timed(part: Callable[[Work], dict[str, Any]], work: Work) -> dict[str, Any]:
    started = time.monotonic()
    return part(work) | {"seconds": round(time.monotonic() - started, 1)}


def _machine() -> dict[str, Any]:
    """Say what this runs on: versions, and the GPU where there is one; in a process that then lets go of it."""
    text = (
        "import json, platform, torch; there = torch.cuda.is_available(); print(json.dumps({"
        "'python': platform.python_version(), 'torch': torch.__version__, 'cuda': torch.version.cuda, "
        "'gpu': torch.cuda.get_device_name() if there else None, "
        "'capability': torch.cuda.get_device_capability() if there else None}))"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
