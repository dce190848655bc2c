"""A run on a GPU gives each part its time, keeps what was found, and says how each part ended."""

import json
import subprocess
import sys

import pytest

from grader.catalogue import places
from grader.proofs.gpu import parts
from grader.proofs.gpu.parts import Work, run

ENDLESS = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.1)"
POLITE = (
    "import signal, sys, time\nsignal.signal(signal.SIGINT, lambda *_: sys.exit(0))\nprint('begun', flush=True)\n"
    "while True: time.sleep(0.1)"
)


@pytest.mark.parametrize(
    ("text", "until_told", "ended"),
    [
        ("print('done')", False, "well"),
        ("import sys; sys.exit(3)", False, "exit code 3"),
        (ENDLESS, False, "out of time"),
        (POLITE, False, "out of time"),
        (POLITE, True, "well"),
    ],
)
def test_how_a_part_ended_is_said(tmp_path, text, until_told, ended):
    found = run(Work(tmp_path, "cpu", 3.0), ["-c", text], until_told=until_told)
    assert found["ended"] == ended


def test_the_gan_leaves_pictures_when_its_time_is_up(tmp_path, monkeypatch):
    program = tmp_path / "program.py"
    program.write_text(
        "import pathlib, sys\nfolder = pathlib.Path(sys.argv[sys.argv.index('--log-dir') + 1])\nfolder.mkdir()\n"
        "(folder / 'fake.png').touch()\n" + POLITE
    )
    monkeypatch.setattr(parts, "find", lambda _: type("Exercise", (), {"solution": program}))
    found = parts.pictures(Work(tmp_path, "cuda", 3.0))
    assert (found["ended"], found["pictures"]) == ("well", ["gan/fake.png"])


def test_a_device_that_is_not_here_is_in_the_file_and_ends_with_1(tmp_path):
    missing = "cuda" if sys.platform == "darwin" else "mps"
    command = [sys.executable, "-m", "grader.proofs.gpu", str(tmp_path / "out"), "--device", missing, "--seconds", "60"]
    done = subprocess.run(command, cwd=places.checkout(), capture_output=True, text=True, check=False)
    found = json.loads((tmp_path / "out" / "gpu.json").read_text())
    assert done.returncode == 1
    assert found["solutions"]["ended"] == "exit code 2"
    assert f"there is no {missing} on this machine" in "".join(found["solutions"]["said"])
    assert "bench" not in found
