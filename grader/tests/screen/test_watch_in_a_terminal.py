"""`watch` in a pseudo-terminal: opened, resized, left in every way, with an editor in between."""

import os
import shlex
import signal
import subprocess
import sys
import termios
import time

import pytest

from grader.catalogue import places
from grader.proofs.tools.processes import family, lives
from grader.proofs.tools.pseudo_terminal import PATIENCE, PseudoTerminal
from grader.proofs.tools.spare_checkout import copy_checkout
from grader.tests.screen.conftest import NAME, SOLUTION, put_stub

ODD_SCREEN = "def keys():\n    raise RuntimeError('the screen is odd')\n"


class Terminal(PseudoTerminal):
    """`watch` in a checkout."""

    def __init__(self, checkout, *arguments, **others):
        super().__init__([sys.executable, "-m", "grader", "watch", *arguments], checkout, **others)
        self.file = checkout / "exercises" / NAME

    def left(self):
        """Wait until the program has ended; return its exit code."""
        end = time.monotonic() + PATIENCE
        while self.process.isalive() and time.monotonic() < end:
            self.text  # noqa: B018  what is not read would keep it from writing its last
        assert not self.process.isalive()
        return self.process.exitstatus

    def is_sane(self):
        """Whether the terminal echoes and reads lines, as a shell expects it."""
        local = termios.tcgetattr(self.process.child_fd)[3]
        return bool(local & termios.ECHO and local & termios.ICANON)

    def processes(self):
        """Return the program and all that it started."""
        found = family(self.pid)
        assert len(found) > 1
        return found


def all_end(processes):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(map(lives, processes)):
        time.sleep(0.05)
    return not any(map(lives, processes))


@pytest.fixture
def opened(checkout):
    """Open `watch` with these arguments; whatever happens, it is ended afterwards."""
    open_now = []

    def opened(*arguments, folder=checkout, **others):
        open_now.append(Terminal(folder, *arguments, **others))
        return open_now[-1]

    yield opened
    for terminal in open_now:
        terminal.end()


def test_a_save_is_graded_by_the_real_checks(opened, tmp_path):
    copy_checkout(tmp_path / "real")
    put_stub(tmp_path / "real")
    terminal = opened("05", folder=tmp_path / "real")
    terminal.shows("Next to write: predict_row")
    terminal.file.write_text(SOLUTION, encoding="utf-8")
    terminal.shows("Passed: 6 of 6 steps", "n goes on to 06")
    processes = terminal.processes()
    terminal.type("q")
    assert terminal.left() == 0
    assert all_end(processes)


def test_the_first_unfinished_exercise_is_picked(opened):
    assert opened().shows("01 Creating tensors")


@pytest.mark.parametrize("size", [(40, 10), (200, 60)])
def test_resizing(opened, monkeypatch, size):
    columns, lines = size
    monkeypatch.setenv("COLUMNS", "80")  # as some programs export it: it is not the size any more
    monkeypatch.setenv("LINES", "24")
    terminal = opened("05")
    terminal.shows("Next to write")
    terminal.resize(columns, lines)
    terminal.type("?")
    terminal.until(
        lambda text: "next exercise" in text and text.splitlines()[lines - 1].startswith("h hint"), "the last line"
    )


@pytest.mark.parametrize("leave", ["q", "\x03"])
def test_leaving_gives_the_terminal_back(opened, leave):
    terminal = opened("05")
    terminal.shows("Next to write")
    processes = terminal.processes()
    terminal.type(leave)
    assert terminal.left() == 0
    assert terminal.is_sane()
    assert all_end(processes)


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
    processes = terminal.processes()
    terminal.process.ptyproc.fileobj.close()
    assert all_end(processes)


def test_killed_outright_it_leaves_nothing_running(opened):
    terminal = opened("05")
    terminal.shows("Next to write")
    processes = terminal.processes()
    terminal.process.kill(signal.SIGKILL)
    assert all_end(processes)


def test_the_editor_is_opened_and_left(opened):
    terminal = opened("05", editor=f"cp {shlex.quote(str(places.checkout() / 'solutions' / NAME))}")
    terminal.shows("Next to write")
    terminal.type("o")
    # What was written in it is graded. Not sooner than this do keys belong to the screen again.
    terminal.shows("Passed: 6 of 6 steps")
    terminal.type("?")
    assert terminal.shows("open in your editor")


@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_of_the_screen_is_told_as_by_any_command(opened, checkout, monkeypatch, debug):
    monkeypatch.setenv("GRADER_DEBUG", "1" if debug else "")
    drawing = checkout / "grader" / "learning" / "shown" / "to_watch.py"
    text = drawing.read_text(encoding="utf-8")
    drawing.unlink()  # a link, shared with other copies
    drawing.write_text(f"{text}\n\n{ODD_SCREEN}", encoding="utf-8")
    terminal = opened("05", columns=150, lines=150)
    terminal.shows("Next to write")
    terminal.type("?")
    assert terminal.left() == 3
    assert "grader: a fault of the grader, not of your code: RuntimeError: the screen is odd" in terminal.text
    assert ("Traceback (most recent call last)" in terminal.text) == debug
    assert terminal.is_sane()


def test_without_a_terminal_it_names_exercise():
    done = subprocess.run(
        [sys.executable, "-m", "grader", "watch"], cwd=places.checkout(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "python -m grader exercise" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def code(tmp_path):
    """The environment of a terminal in VS Code, whose command writes down what it is called with."""
    folder = tmp_path / "commands"
    folder.mkdir()
    (folder / "code").write_text('#!/bin/sh\necho "$@" >>"$(dirname "$0")/opened"\nexit 3\n', encoding="utf-8")
    (folder / "code").chmod(0o755)
    opened = folder / "opened"
    opened.touch()
    return {"TERM_PROGRAM": "vscode", "PATH": f"{folder}:{os.environ['PATH']}"}, opened


def until_it_holds(file, *words):
    end = time.monotonic() + PATIENCE
    while not all(word in file.read_text(encoding="utf-8") for word in words):
        assert time.monotonic() < end, file.read_text(encoding="utf-8")
        time.sleep(0.05)


def test_the_editor_around_the_terminal_opens_each_exercise_at_its_step(opened, code):
    environment, log = code
    terminal = opened("05", environment=environment)
    line = terminal.file.read_text(encoding="utf-8").splitlines().index("def predict_row(*arguments):") + 1
    until_it_holds(log, f"-g {terminal.file}:{line}\n")
    terminal.shows("`code` ended with exit code 3")
    terminal.file.write_text(SOLUTION.replace("return tensor.requires_grad_()", "return tensor\n"), encoding="utf-8")
    terminal.shows("✗ failed")
    terminal.type("n")
    until_it_holds(log, "06_backward.py:")
    assert len(log.read_text(encoding="utf-8").splitlines()) == 2


def test_no_editor_is_opened_where_none_is_wanted(opened, code):
    environment, log = code
    terminal = opened("05", "--no-editor", environment=environment)
    terminal.shows("Next to write")
    terminal.type("o")
    until_it_holds(log, "05_leaf_and_grad.py:")
    assert len(log.read_text(encoding="utf-8").splitlines()) == 1


def test_an_editor_that_needs_the_terminal_and_was_asked_for_is_opened_in_it(opened, tmp_path):
    solution = shlex.quote(str(places.checkout() / "solutions" / NAME))
    terminal = opened("05", "--editor", f"cp {solution} {{file}}")
    terminal.shows("Passed: 6 of 6 steps")


def test_an_editor_that_is_not_there_is_one_line(opened):
    terminal = opened("05", "--editor", "no-such-editor")
    assert terminal.left() == 2
    assert "no command 'no-such-editor'" in terminal.text


def test_file_names_are_links_to_the_line(opened):
    terminal = opened("05")
    terminal.shows("Next to write")
    line = terminal.file.read_text(encoding="utf-8").splitlines().index("def predict_row(*arguments):") + 1
    assert f";{terminal.file.as_uri()}#{line}\x1b\\".encode() in terminal.written
