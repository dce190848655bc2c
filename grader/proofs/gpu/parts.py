"""The parts of a run on a GPU: each starts a command, ends it when its time is up, and says what came of it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.sandbox.shared.policy import PRETEND

SEED = "1"
GRACE_SECONDS = 15.0  # an iteration is finished and saved
LAST_LINES = 60


@dataclass(frozen=True)
class Work:
    """What a part is to do: where its files go, on which device, and for how many seconds."""

    out: Path
    device: str
    seconds: float


def solutions(work: Work) -> dict[str, Any]:
    """Grade every solution; say which did not pass."""
    file = work.out / "solutions.json"
    grading = ["-m", "grader", "all", "--solutions", "--device", work.device, "--seed", SEED, "--json", str(file)]
    found = run(work, grading)
    verdicts = _read(file).get("verdicts", [])
    others = [each["exercise"] for each in verdicts if each["outcome"] != "passed"]
    return found | {"graded": len(verdicts), "not passed": others}


def wrong_answers(work: Work) -> dict[str, Any]:
    """Grade the wrong answers that are about devices."""
    return run(
        work, ["-m", "grader", "audit", "--device", work.device, "--only", "*device*.py", "--seed", SEED, "--afresh"]
    )


def bench(work: Work) -> dict[str, Any]:
    """Measure how long each verdict takes."""
    file = work.out / "bench.json"
    found = run(work, ["-m", "grader.proofs.bench", "--device", work.device, "--json", str(file)])
    return found | {"figures": _read(file).get("figures", [])}


def pictures(work: Work) -> dict[str, Any]:
    """Train the GAN of 35 for as long as there is time; it saves pictures as it goes."""
    if work.device == PRETEND:
        return {"ended": "left out", "said": ["the program of 35 is no proof, and knows no pretended device"]}
    folder = work.out / "gan"
    program = [str(find("35").solution), "--device", work.device, "--log-dir", str(folder), "--images-every", "250"]
    found = run(work, program, until_told=True)
    made = sorted(str(each.relative_to(work.out)) for each in folder.rglob("*.png"))
    return found | {"pictures": made} | ({} if made else {"ended": "without a picture"})


def run(work: Work, arguments: list[str], *, until_told: bool = False) -> dict[str, Any]:
    """Run a command of Python's; one that goes on `until_told` is interrupted when its time is up, and ends well so."""
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=places.checkout(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said, late = process.communicate(timeout=work.seconds)[0], False
    except subprocess.TimeoutExpired:
        said, late = _ended(process), True
    finally:
        process.kill()  # where it has not ended: somebody has had enough of all of this
    well = process.returncode == 0 and (until_told or not late)
    ended = "well" if well else "out of time" if late else f"exit code {process.returncode}"
    return {"ended": ended, "said": said.splitlines()[-LAST_LINES:]}


def _ended(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=GRACE_SECONDS)[0]
    process.kill()
    return process.communicate()[0]


def _read(file: Path) -> dict[str, Any]:
    """Return what a command wrote; nothing where it came to no end."""
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(file.read_text(encoding="utf-8")))
    return {}
