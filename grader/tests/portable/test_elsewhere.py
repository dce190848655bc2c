"""The whole way of a verdict with everything taken away that another system lacks: its first user is no tester."""

import json
import subprocess
import sys
import time

import psutil
import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.judging.overlay import lay_over

PATIENCE_SECONDS = 60
PROOFS = "grader/proofs/"  # chaos, attacks and peers are tried on Linux
LACKING = (" error: Module ", " error: Name ")  # "Module has no attribute …", "Name … is not defined"
IN_FORCE = {"windows": ["job"], "macos": ["rlimits"]}

# Each step does something that has to be dealt with in another way than on Linux.
MISCHIEF = """
def predict_row(*given):
    print("printed", flush=True)
    return None

def will_keep_grad(*given):
    import os, tempfile
    closed = tempfile.mkdtemp()
    os.mkdir(f"{closed}/inner")
    open(f"{closed}/inner/file", "w").close()
    os.chmod(f"{closed}/inner/file", 0)
    os.symlink("/", f"{closed}/root")
    os.chmod(closed, 0)
    return None

def build_four(*given):
    import os
    os._exit(3)

def middle_and_leaf(*given):
    import subprocess, sys
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    return None

def result_requires_grad(*given):
    import time
    time.sleep(1000)  # and not a loop: the processor is for the other tests
"""
ENDINGS = {
    "predict_row": "failed", "will_keep_grad": "failed", "build_four": "crashed", "middle_and_leaf": "failed",
    "result_requires_grad": "timeout", "switch_on": "passed",
}  # fmt: skip


@pytest.fixture(params=sorted(IN_FORCE))
def system(request):
    return request.param


def command(system, *arguments):
    code = f"from grader.tests.portable import pretend; pretend.main({system!r})"
    return [sys.executable, "-c", code, *map(str, arguments)]


def run(system, folder, *arguments):
    """Run a command with `folder` for everything that is temporary."""
    return subprocess.run(
        command(system, *arguments), capture_output=True, text=True, cwd=places.checkout(), check=False,
        env={"TMPDIR": str(folder), "PATH": "", "TERM": "dumb"}, timeout=600,
    )  # fmt: skip


def graded(system, folder, text, *options):
    """Return what a grading of a file of this text has put into its JSON."""
    file = folder / "05.py"
    file.write_bytes(text.replace("\n", "\r\n").encode())
    ended = run(system, folder, "exercise", "05", "--file", file, "--json", folder / "verdict.json", *options)
    assert ended.returncode in (0, 1), ended.stderr
    file.unlink()
    return json.loads((folder / "verdict.json").read_text(encoding="utf-8"))["verdicts"][0]


def left_in(folder):
    """Return the scratch folders that are left once there was time to remove them, and processes that know of them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := [*folder.glob("grader-*"), *_knowing(folder)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _knowing(folder):
    return [each.pid for each in psutil.process_iter(["environ"]) if str(folder) in str(each.info["environ"])]


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["explain", "no-detach"], ["hint", "05"]])
def test_what_needs_no_torch_works(system, tmp_path, arguments):
    ended = run(system, tmp_path, *arguments)
    assert "grader:" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.returncode in (0, 2)


def test_a_solution_passes_and_nothing_is_left(system, tmp_path):
    verdict = graded(system, tmp_path, find("05").solution.read_text(encoding="utf-8"))
    assert verdict["outcome"] == "passed"
    assert verdict["isolation"] == IN_FORCE[system]
    assert not left_in(tmp_path)


def test_mischief_ends_as_it_does_on_linux_and_nothing_is_left(system, tmp_path):
    text = lay_over(find("05").solution.read_text(encoding="utf-8"), MISCHIEF)
    verdict = graded(system, tmp_path, text, "--call-limit", "3")
    assert {step["name"]: step["outcome"] for step in verdict["steps"]} == ENDINGS
    assert "printed\n" in [check["printed"] for check in verdict["steps"][0]["checks"]]
    assert not left_in(tmp_path)


def test_nothing_outlives_a_command_that_was_killed(system, tmp_path):
    sleeping = tmp_path / "sleeping.py"
    sleeping.write_text("import time\ntime.sleep(1000)\n")
    asked = command(system, "exercise", "05", "--file", sleeping, "--call-limit", "900", "--limit", "900")
    with subprocess.Popen(
        asked, cwd=places.checkout(), env={"TMPDIR": str(tmp_path), "PATH": ""}, stdout=subprocess.DEVNULL
    ) as grader:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not list(tmp_path.glob("grader-*/scratch/sleeping.py")) and time.monotonic() < deadline:
            time.sleep(0.05)
        grader.kill()
    assert not left_in(tmp_path)


def test_nothing_is_asked_for_that_the_system_lacks(system, tmp_path):
    """Outside of what only others run; mypy reads every branch. What libraries say of types is proved elsewhere."""
    platform = {"windows": "win32", "macos": "darwin"}[system]
    asked = [sys.executable, "-m", "mypy", "--platform", platform, "--follow-imports", "skip", "--cache-dir", tmp_path]
    ended = subprocess.run(asked, capture_output=True, text=True, cwd=places.checkout(), check=False)
    assert "checked " in ended.stdout
    lacking = [line for line in ended.stdout.splitlines() if any(each in line for each in LACKING)]
    assert not [line for line in lacking if not line.startswith(PROOFS)]
