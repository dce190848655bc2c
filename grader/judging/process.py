"""How a process that judges is started, and asked: one at a time, each request waits for its answer."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from grader.called import program
from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.errors import GraderError, UsageError, debugging
from grader.judging.asked import Ask, Begin, Far, Told, What
from grader.judging.cost import Cost
from grader.judging.source import Source
from grader.sandbox.parent import interpreter, launch
from grader.sandbox.parent.launch import Name
from grader.units import MB
from grader.verdict import Verdict

# The stem first: torch is loaded once, for the judge and for what children are forked from. Neither the current folder
# nor the grader's own comes first among Python's paths: a `random.py` there would be taken for Python's. But no other
# copy of the grader comes before this one.
BOOT = (
    "import os, sys; sys.path[:] = [each for each in sys.path if not os.path.isdir(os.path.join(each, 'grader'))]; "
    "sys.path.append(sys.argv.pop()); {stem}from grader.judging.worker import main; main()"
)
STEM = "from grader.sandbox.zygote import stem; stem.begin(); "
LARGEST_ANSWER = 16 * MB
ENDING_SECONDS = 2.0


def boot(launcher: Name) -> str:
    """Return what such a process runs: where children are not forked, there is nothing to fork them from."""
    return BOOT.format(stem=STEM if launcher == "fork" else "")


def command(boot: str, code: Path | None = None) -> tuple[str, ...]:
    """Return the command of a process that judges, with the grader imported from the folder `code`."""
    return (sys.executable, "-P", "-c", boot, str(code or places.imported_from()))


def first_line(call_limit: float, limit: float, *, launcher: Name | None = None, **how: bool) -> bytes:
    """Return what such a process is told first; `how` are the other fields of Begin."""
    begin = Begin(dict(os.environ), call_limit, limit, launcher=launcher, **how)
    return msgspec.json.encode(begin) + b"\n"


def environment() -> dict[str, str]:
    """Return the environment that it begins with: what it holds then, every child could read."""
    found = interpreter.environment()
    return found | {name: os.environ[name] for name in ("PYTHONPATH", "PYTHONUTF8") if name in os.environ}


class Judge:
    """A process that judges. Begins to load torch at once; use as a context.

    `device` is the one that it will most likely be asked for, `launcher` how children are started if not as usual.
    """

    def __init__(
        self, call_limit: float, limit: float, *,
        strict: bool = False, impatient: bool = False, device: str = "cpu", launcher: Name | None = None,
    ) -> None:  # fmt: skip
        self._ids = itertools.count(1)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self._process = subprocess.Popen(
            command(boot(launcher or launch.usual(device))), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=None if debugging() else self._said, env=environment(), **interpreter.apart(),
        )  # fmt: skip
        self._send(first_line(call_limit, limit, strict=strict, impatient=impatient, launcher=launcher))

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        """End it, with all that it started; a thread that waits for its answer is told that it ended."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDING_SECONDS)
        finally:  # whoever waits for the end may become impatient, too
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # only now: a thread that reads it would hold up its closing
        self._said.close()

    def kill(self) -> None:
        """End it at once; whoever waits for an answer is told that it ended."""
        self._process.kill()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def grade(
        self, exercise: Exercise, source: Source, device: str, seed: int, *,
        more: bool = False, watch: Callable[[Far], object] | None = None, only: Sequence[str] = (),
    ) -> list[Verdict]:  # fmt: skip
        """Return a verdict for each device; raise UsageError for a device that is not here, GraderError for a fault.

        `watch` is called after each check with how far it is. With `only`, only these steps are graded.
        """
        return self._ask("grade", exercise, source, device, seed, more, watch, only).verdicts

    def measure(self, exercise: Exercise, source: Source, seed: int) -> tuple[dict[str, Cost], dict[str, Cost]]:
        """Return the cost of each step of a submission, and that of each step of the solution."""
        yours, solution = self._ask("measure", exercise, source, "cpu", seed, False).costs
        return yours, solution

    def _ask(
        self, what: What, exercise: Exercise, source: Source, device: str, seed: int,
        more: bool, watch: Callable[[Far], object] | None = None, only: Sequence[str] = (),
    ) -> Told:  # fmt: skip
        request = Ask(
            next(self._ids), what, exercise.name, source.name, source.text, source.sha256, device, seed, more,
            tell=watch is not None, only=list(only),
        )  # fmt: skip
        self._send(msgspec.json.encode(request) + b"\n")
        while (told := self._read()).far and watch:
            watch(told.far)
        if told.complaint:
            raise UsageError(told.complaint) if told.is_usage else GraderError(told.complaint)
        return told

    def _send(self, line: bytes) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None

    def _read(self) -> Told:
        assert self._process.stdout
        line = self._process.stdout.readline(LARGEST_ANSWER)
        if not line.endswith(b"\n"):
            raise self._ended()
        return msgspec.json.decode(line, type=Told)

    def _ended(self) -> GraderError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_SECONDS)
        self._said.seek(0)
        last = self._said.read().decode(errors="replace").strip().rpartition("\n")[2]
        how = f"exit code {self._process.poll()}{'; ' if last else ''}{last}"
        return GraderError(f"the process that grades ended ({how}); `{program()} doctor` tells more")
