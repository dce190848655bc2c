"""A copy of the checkout with a home and a temporary folder of its own, in which commands are run and harmed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, find
from grader.proofs.tools.processes import family
from grader.proofs.tools.pseudo_terminal import PseudoTerminal
from grader.proofs.tools.spare_checkout import copy_checkout

NUMBER = "05"
PATIENCE = 90.0  # seconds for a command; the machine may be busy
SECONDS_TO_CLEAN_UP = 20.0
NOBODY = 65534
SLOW = """import time

{solution}

_honest = {step}


def {step}(*arguments):
    open("at-work", "w").close()
    time.sleep({seconds})
    return _honest(*arguments)
"""
PR_CAPBSET_DROP, LAST_CAPABILITY = 24, 63
MADE_BY_TORCH = "torchinductor_"
ONE_LINE = 1


class Skipped(Exception):
    """A scenario cannot be tried here; the text says why."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    said: str


class World:
    """The folders of one scenario. Use as a context."""

    def __init__(self, name: str = "checkout") -> None:
        """Copy the checkout into a folder of this name."""
        self._folder = tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True)
        self.root = Path(self._folder.name)
        self.checkout = self.root / name
        self.temporary, self.home = self.root / "tmp", self.root / "home"
        for folder in (self.temporary, self.home, self.checkout):
            folder.mkdir()
        self.root.chmod(0o755)
        self.temporary.chmod(0o1777)
        copy_checkout(self.checkout)
        self.exercise: Exercise = find(NUMBER)
        self.file = self.checkout / "exercises" / self.exercise.stub.name
        self.database = self.checkout / ".grader" / "progress.sqlite3"
        self.write(self.solution)
        self._open: list[subprocess.Popen[str] | PseudoTerminal] = []

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._open:
            if isinstance(each, PseudoTerminal):
                each.end()
            else:
                each.kill()
                each.communicate()
        self._folder.cleanup()

    @property
    def solution(self) -> str:
        """A right answer."""
        return self.exercise.solution.read_text(encoding="utf-8")

    def solution_of(self, number: str) -> Path:
        """Return the file of another exercise's solution."""
        return self.checkout / "solutions" / find(number).solution.name

    def write(self, text: str) -> None:
        """Save the learner's file."""
        self.text = text
        self.file.write_text(text, encoding="utf-8")

    def slow(self, seconds: float = 3.0) -> None:
        """Save a right answer that says when one of its steps is at work, and takes a while there."""
        self.write(SLOW.format(solution=self.solution, step=self.exercise.steps[0], seconds=seconds))

    def audit_slow(self) -> None:
        """Have the solution take a while as well, and let an audit find answers."""
        (self.checkout / "solutions" / self.exercise.solution.name).write_text(self.text, encoding="utf-8")
        answers = places.for_authors("answers")
        for each in answers.glob(f"{NUMBER}_*"):
            shutil.copytree(each, self.checkout / "fixtures" / "answers" / each.name)

    def put_back(self) -> Iterator[str]:
        """Have the learner's file be a right answer again, whatever lies in its place; tell what cannot be removed."""
        self.remove(self.file)
        self.write(self.solution)
        yield from ()

    def remove(self, path: Path) -> None:
        """Delete a file, a link or a folder."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def wait(self, seconds: float) -> None:
        """Let the grader go on for a while."""
        time.sleep(seconds)

    def as_nobody(self, more: Callable[[], None]) -> Callable[[], None]:
        """Return what makes a process that is about to begin one of a user who has no others: a limit of theirs counts.

        Raise Skipped where that user may not even run Python.
        """

        def become() -> None:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            more()

        try:
            subprocess.run([sys.executable, "-c", ""], preexec_fn=become, capture_output=True, check=True)
        except (OSError, subprocess.SubprocessError):
            raise Skipped("only root may start a process of another user, who may not run this Python") from None
        return become

    @contextlib.contextmanager
    def small_disk(self, folder: Path, options: str) -> Iterator[None]:
        """Put a disk in memory over a folder, of the size that the options of its mount say."""
        command = ["mount", "-t", "tmpfs", "-o", f"{options},mode=1777", "chaos", str(folder)]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            raise Skipped("only root may mount a small disk, and not in every container")
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)

    def environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        """Return what commands find as their environment; None takes a name out."""
        found = {"TMPDIR": str(self.temporary), "HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1"}
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "TMPDIR", "HOME")}
        return {name: value for name, value in (kept | found | dict(changes)).items() if value is not None}

    def start(
        self, *arguments: str, before: Callable[[], None] | None = None, out: int = subprocess.PIPE,
        **changes: str | None,
    ) -> subprocess.Popen[str]:  # fmt: skip
        """Start a command of the grader; `before` is done in its process first."""
        process = subprocess.Popen(
            [sys.executable, "-m", "grader", *arguments], cwd=self.checkout, env=self.environment(changes), text=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, errors="replace", preexec_fn=before,
        )  # fmt: skip
        self._open.append(process)
        return process

    def watch(self, *arguments: str) -> PseudoTerminal:
        """Start `watch`."""
        with _as_environment(self.environment({})):
            terminal = PseudoTerminal(
                [sys.executable, "-m", "grader", "watch", NUMBER, *arguments], self.checkout, 100, 40
            )
        self._open.append(terminal)
        return terminal

    def ended(self, process: subprocess.Popen[str]) -> Ended:
        """Wait until a command has ended."""
        try:
            out, said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, said = process.communicate()
            return Ended(-signal.SIGALRM, out or "", f"it did not end within {PATIENCE:.0f} s; {said}")
        return Ended(process.returncode, out or "", said)

    def run(self, *arguments: str, before: Callable[[], None] | None = None, **changes: str | None) -> Ended:
        """Run a command of the grader to its end."""
        return self.ended(self.start(*arguments, before=before, out=subprocess.PIPE, **changes))

    def wait_for_work(self, screen: PseudoTerminal | None = None) -> None:
        """Wait until the slow step is at work; a screen has to be read meanwhile."""

        def works() -> bool:
            return bool(screen and not screen.text) or any(self.temporary.glob("grader-*/at-work"))

        self.until(works, "the submission never began")

    def child_at_work(self) -> psutil.Process:
        """Return the process that the slow step runs in."""
        [scratch] = {each.parent for each in self.temporary.glob("grader-*/at-work")}
        works_there = [each for each in family(os.getpid()) if _folder(each) == str(scratch)]
        return works_there[0]

    def children(self) -> list[psutil.Process]:
        """Return the processes that submissions run in, or will."""
        return [each for each in family(os.getpid()) if _folder(each).startswith(f"{self.temporary}/grader-")]

    def leave(self, screen: PseudoTerminal) -> Iterator[str]:
        """Leave `watch` by its key; tell where that does not end it."""
        screen.type("q")
        self.until(lambda: not screen.alive, "watch did not end")
        if (code := screen.process.exitstatus) != 0:
            yield f"watch ended with exit code {code}"

    def until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Wait for something; raise TimeoutError where it never comes."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(otherwise)
            time.sleep(0.05)

    def left(self) -> Iterator[str]:
        """Tell what is left once all commands have ended: processes, scratch folders, a spoiled record or file."""
        end = time.monotonic() + SECONDS_TO_CLEAN_UP
        while (left := [*self._strangers(), *self._scratch()]) and time.monotonic() < end:
            time.sleep(0.05)
        yield from left
        yield from self.record_is_whole()
        if self.file.is_file() and self.file.read_text(encoding="utf-8") != self.text:
            yield "the learner's file was changed"

    def _strangers(self) -> list[str]:
        """Return the processes that work here; those of a command that goes on are among them."""
        own = str(self.root)
        found = [each for each in family(os.getpid()) if each.pid != os.getpid() and _works_in(each, own)]
        return [f"a process is left: {' '.join(_command(each))[-80:]}" for each in found]

    def _scratch(self) -> list[str]:
        return [
            f"{path.name} is left in the temporary folder"
            for path in self.temporary.iterdir()
            if not path.name.startswith(MADE_BY_TORCH)
        ]

    def record_is_whole(self) -> Iterator[str]:
        """Tell what is wrong with the learner's record, where there is one."""
        if self.database.is_file():
            try:
                with contextlib.closing(sqlite3.connect(self.database, timeout=5.0)) as database:
                    [said] = database.execute("PRAGMA integrity_check").fetchone()
                    if said != "ok":
                        yield f"the record is broken: {said}"
            except sqlite3.Error as error:
                yield f"the record cannot be read: {error}"

    def passes_again(self) -> Iterator[str]:
        """Tell where a right answer no longer passes, or is no longer kept."""
        self.write(self.solution)
        yield from unlike(self.run("exercise", NUMBER), 0, "", "afterwards: ")
        found = self.run("list")
        if not any(line.split()[:1] == [NUMBER] and "passed" in line for line in found.out.splitlines()):
            yield f"afterwards: the pass is not kept: {found.said[-200:]}"


def unlike(ended: Ended, code: int | Sequence[int], says: str = "", where: str = "") -> Iterator[str]:
    """Tell how a command's ending differs: its code, one line on standard error that holds `says`, no traceback."""
    codes = [code] if isinstance(code, int) else code
    if ended.code not in codes:
        yield f"{where}exit code {ended.code}, not {' or '.join(map(str, codes))}: {ended.said[-300:]}"
    if says not in ended.said:
        yield f"{where}it is said: {ended.said[-300:]!r}; not: {says}"
    if "Traceback" in ended.said + ended.out:
        yield f"{where}a traceback is shown: {ended.said[-300:]}"
    if len(ended.said.splitlines()) > ONE_LINE:
        yield f"{where}more than one line is said: {ended.said[-300:]!r}"


@contextlib.contextmanager
def _as_environment(found: Mapping[str, str]) -> Iterator[None]:
    """Have `os.environ` be this for a moment: a pseudo-terminal starts its program with what it finds there."""
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(found)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _works_in(process: psutil.Process, folder: str) -> bool:
    """Return whether a process belongs to a command that was started here; its environment may not tell."""
    return folder in _folder(process) or any(folder in word for word in _command(process))


def _folder(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        return process.cwd()
    return ""


def _command(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def obey_modes() -> None:
    """Have the process that is about to begin obey the modes of files, whoever owns them, even if it is root's."""
    for capability in range(LAST_CAPABILITY + 1):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def no_more_than(which: int, most: int) -> Callable[[], None]:
    """Return what sets a limit in a process that is about to begin."""
    return lambda: resource.setrlimit(which, (most, most))
