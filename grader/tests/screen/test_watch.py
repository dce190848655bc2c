"""`watch`, driven in a pseudo-terminal: keys typed, files saved as editors do, the screen read."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from grader.catalogue.catalogue import ROOT
from grader.proofs.tools.pseudo_terminal import PATIENCE, PseudoTerminal
from grader.proofs.tools.spare_checkout import copy_checkout

NAME = "05_leaf_and_grad.py"
SOLUTION = (ROOT / "solutions" / NAME).read_text(encoding="utf-8")
STUB = '"""An exercise that nobody has begun."""\n' + "".join(
    f"def {step}(*arguments):\n    raise NotImplementedError('step: {step}')\n\n\n"
    for step in ("predict_row", "will_keep_grad", "build_four", "middle_and_leaf", "result_requires_grad", "switch_on")
)
WRONG = SOLUTION.replace("return tensor.requires_grad_()", "return tensor")
ENDLESS = SOLUTION.replace("return tensor.requires_grad_()", "while True: pass")


class Terminal(PseudoTerminal):
    """`watch` in a checkout."""

    def __init__(self, checkout: Path, *arguments: str, **others: Any) -> None:
        super().__init__([sys.executable, "-m", "grader", "watch", *arguments], checkout, **others)
        self.file = checkout / "exercises" / NAME

    def save(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def left(self) -> int | None:
        """Wait until the program has ended; return its exit code."""
        end = time.monotonic() + PATIENCE
        while self.process.isalive() and time.monotonic() < end:
            self.text  # noqa: B018  what is not read would keep it from writing its last
        assert not self.process.isalive()
        return self.process.exitstatus

    def is_sane(self) -> bool:
        """Whether the terminal echoes and reads lines, as a shell expects it."""
        local = termios.tcgetattr(self.process.child_fd)[3]
        return bool(local & termios.ECHO and local & termios.ICANON)

    def workers(self) -> list[int]:
        return [pid for pid in _running("grader.learning.watch.worker") if _parent(pid) == self.process.pid]


def _running(words: str) -> list[int]:
    pids = [int(each.name) for each in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if words in _read(pid, "cmdline").replace("\0", " ")]


def _parent(pid: int) -> int:
    return int((_read(pid, "stat").rpartition(")")[2].split() or [0, 0])[1])


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def _gone(pids: list[int]) -> bool:
    """Wait until none of them runs; what is dead and not yet waited for has no command line."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(_read(pid, "cmdline") for pid in pids):
        time.sleep(0.05)
    return not any(_read(pid, "cmdline") for pid in pids)


@pytest.fixture
def checkout(tmp_path):
    """A checkout of its own, so that nobody's files or record are touched."""
    copy_checkout(tmp_path)
    (tmp_path / "exercises" / NAME).write_text(STUB, encoding="utf-8")
    return tmp_path


@pytest.fixture
def opened(checkout):
    """Open `watch` with these arguments; whatever happens, it is ended afterwards."""
    open_now = []

    def opened(*arguments, **others):
        open_now.append(Terminal(checkout, *arguments, **others))
        return open_now[-1]

    yield opened
    for terminal in open_now:
        terminal.end()


def in_place(terminal):
    terminal.save(SOLUTION)


def rename_over(terminal):
    new = terminal.file.with_name(".new")
    new.write_text(SOLUTION, encoding="utf-8")
    new.replace(terminal.file)


def keep_a_backup(terminal):
    terminal.file.rename(terminal.file.with_name(NAME + "~"))
    terminal.save(SOLUTION)


def delete_and_make_anew(terminal):
    terminal.file.unlink()
    terminal.shows("there is no file")
    terminal.save(SOLUTION)


def several_at_once(terminal):
    for text in (WRONG, "", WRONG, SOLUTION):
        terminal.save(text)
        time.sleep(0.01)


def unchanged_and_then_changed(terminal):
    terminal.save(STUB)
    time.sleep(0.3)
    terminal.save(SOLUTION)


@pytest.mark.parametrize(
    "way",
    [in_place, rename_over, keep_a_backup, delete_and_make_anew, several_at_once, unchanged_and_then_changed],
)
def test_a_save_is_graded_however_it_is_made(opened, way):
    terminal = opened("05")
    terminal.shows("Next to write: predict_row")
    way(terminal)
    assert terminal.shows("Passed: 6 of 6 steps", "n goes on to 06")


def test_polling_sees_a_save(opened):
    terminal = opened("05", "--poll")
    terminal.shows("Next to write: predict_row")
    rename_over(terminal)
    assert terminal.shows("Passed: 6 of 6 steps")


def test_what_changed_since_the_last_save_is_said(opened):
    terminal = opened("05")
    terminal.save(SOLUTION)
    terminal.shows("Passed: 6 of 6 steps")
    terminal.save(WRONG)
    assert terminal.shows("Since the last save:", "switch_on: ✓ passed → ✗ failed")


def test_a_newer_save_stops_the_run_under_way(opened):
    terminal = opened("05", "--call-limit", "1000", "--limit", "1000")
    terminal.shows("Next to write: predict_row")
    terminal.save(ENDLESS)
    terminal.shows("grading")
    terminal.save(SOLUTION)
    assert terminal.shows("Passed: 6 of 6 steps")


def test_the_first_unfinished_exercise_is_picked(opened):
    assert opened().shows("01 Creating tensors")


def test_keys_for_help_with_an_answer(opened):
    terminal = opened("05")
    terminal.save(WRONG)
    terminal.shows("✗ failed")
    for key, words in (
        ("h", "hint 1 of 3"), ("h", "hint 2 of 3"), ("?", "explain the misconception"),
        ("c", "Press c again"), ("c", "the same code"), ("\x1b", "✗ failed"), ("d", "only cpu"),
    ):  # fmt: skip
        terminal.type(key)
        assert terminal.shows(words)


def test_reset_asks_keeps_the_text_and_says_where(opened, checkout):
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    terminal = opened("05")
    terminal.shows("Next to write: predict_row")
    terminal.save(WRONG)
    terminal.shows("✗ failed")
    terminal.type("r")
    terminal.shows("Your text is kept")
    assert terminal.file.read_text(encoding="utf-8") == WRONG
    terminal.type("r")
    assert terminal.shows("--undo", "Next to write: predict_row")
    kept = list((checkout / ".grader" / "backup").rglob("*.py"))
    assert [each.read_text(encoding="utf-8") for each in kept] == [WRONG]


def test_next_previous_and_list(opened):
    terminal = opened("05")
    terminal.type("n")
    terminal.shows("06 Backward")
    terminal.type("p")
    terminal.shows("05 Leaves")
    terminal.type("l")
    terminal.shows("20 Optimizers")
    terminal.type("\x1b[B\r")
    assert terminal.shows("06 Backward", "checks")


@pytest.mark.parametrize("size", [(40, 10), (200, 60)])
def test_resizing(opened, size):
    terminal = opened("05")
    terminal.shows("Next to write")
    terminal.resize(*size)
    terminal.type("?")
    assert terminal.shows("next exercise")


@pytest.mark.parametrize("leave", ["q", "\x03"])
def test_leaving_gives_the_terminal_back(opened, leave):
    terminal = opened("05")
    terminal.shows("Next to write")
    workers = terminal.workers()
    terminal.type(leave)
    assert terminal.left() == 0
    assert terminal.is_sane()
    assert _gone(workers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(opened, number):
    terminal = opened("05")
    terminal.shows("Next to write")
    terminal.process.kill(number)
    terminal.left()
    assert terminal.is_sane()


def test_a_terminal_that_closes_ends_it_and_what_it_started(opened):
    terminal = opened("05")
    terminal.shows("Next to write")
    pids = [terminal.process.pid, *terminal.workers()]
    terminal.process.ptyproc.fileobj.close()
    assert _gone(pids)


def test_killed_outright_it_leaves_nothing_running(opened):
    terminal = opened("05")
    terminal.shows("Next to write")
    workers = terminal.workers()
    assert workers
    terminal.process.kill(signal.SIGKILL)
    assert _gone(workers)


def test_a_killed_worker_is_said_and_replaced(opened):
    terminal = opened("05")
    terminal.save(ENDLESS)
    terminal.shows("grading")
    for pid in terminal.workers():
        os.kill(pid, signal.SIGKILL)
    terminal.shows("the process that grades ended")
    terminal.save(SOLUTION)
    assert terminal.shows("Passed: 6 of 6 steps")


def test_the_editor_is_opened_and_left(opened):
    terminal = opened("05", editor=f"cp {shlex.quote(str(ROOT / 'solutions' / NAME))}")
    terminal.shows("Next to write")
    terminal.type("o")
    # What was written in it is graded. Not sooner than this do keys belong to the screen again.
    assert terminal.shows("Passed: 6 of 6 steps")
    terminal.type("?")
    assert terminal.shows("open in $EDITOR")


def test_without_a_terminal_it_names_exercise():
    done = subprocess.run(
        [sys.executable, "-m", "grader", "watch"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "python -m grader exercise" in done.stderr
    assert len(done.stderr.splitlines()) == 1
