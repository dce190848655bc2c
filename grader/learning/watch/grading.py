"""Asks the grading process, starts it anew where it ended, and hands out its answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.called import program
from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.judging import process
from grader.judging.asked import Ask, Told, What
from grader.judging.cost import Cost
from grader.judging.source import read_own
from grader.sandbox.parent import interpreter, launch
from grader.sandbox.parent.launch import Name
from grader.units import size
from grader.verdict import Verdict

MOST_KEPT = 2**16  # bytes of what the process says on standard error
LAST_WORDS_SECONDS = 0.5  # what it started may hold its standard error open


@dataclass(frozen=True)
class Answer:
    """What came of a request: a verdict or costs, or in their place a complaint for the learner."""

    verdict: Verdict | None = None
    complaint: str = ""
    devices: tuple[str, ...] = ("cpu",)
    costs: tuple[dict[str, Cost], ...] = ()


class GradingProcess:
    """One process that grades, one request at a time; a newer request cancels the one under way.

    It runs `boot` in place of what it should, with the grader imported from the folder `code`. `device` is the one
    that it will most likely be asked for, `launcher` how children are started if not as usual.
    """

    def __init__(
        self, call_limit: float, limit: float, boot: str = "", code: Path | None = None, *,
        device: str = "cpu", launcher: Name | None = None,
    ) -> None:  # fmt: skip
        self._command = process.command(boot or process.boot(launcher or launch.usual(device)), code)
        self._begin = process.first_line(call_limit, limit, launcher=launcher)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._asked = 0
        self._answer: asyncio.Future[Answer] | None = None
        self._ended_at_once = 0
        self.said = ""  # by the process, on standard error

    async def grade(self, exercise: Exercise, path: Path, device: str, seed: int, *, measure: bool = False) -> Answer:
        """Grade a file, or `measure` it beside the solution."""
        if self._answer:
            self._answer.cancel()
        try:
            source = read_own(exercise, path)
        except UsageError as error:
            return Answer(complaint=str(error))
        running = await self._running()
        what: What = "measure" if measure else "grade"
        self._asked = next(self._ids)
        request = Ask(
            self._asked, what, exercise.name, source.name, source.text, source.sha256, device, seed, more=True
        )
        self._answer = asyncio.get_running_loop().create_future()
        assert running.stdin
        running.stdin.write(msgspec.json.encode(request) + b"\n")
        return await self._answer

    async def _running(self) -> asyncio.subprocess.Process:
        """Return the process, another one where it has ended; torch begins to load."""
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=places.workspace().root, limit=process.LARGEST_ANSWER,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                env=process.environment(), **interpreter.apart(),
            )  # fmt: skip
            assert self._process.stdin
            self._process.stdin.write(self._begin)
            self.said = ""
            self._reading = asyncio.create_task(self._read(self._process))
        return self._process

    async def _read(self, running: asyncio.subprocess.Process) -> None:
        """Hand out the answers of a process until it ends; then say why it did."""
        assert running.stdout
        assert running.stderr
        listening = asyncio.create_task(self._listen(running.stderr))
        why, answered = "", False
        try:
            while line := await running.stdout.readline():
                answered = True
                told = msgspec.json.decode(line, type=Told)
                self._settle(told.id, _answer(told))
        except (ValueError, msgspec.DecodeError):
            why = f"its answer is larger than {size(process.LARGEST_ANSWER)}, or is none"
            running.kill()
        code = await running.wait()
        await asyncio.wait({listening}, timeout=LAST_WORDS_SECONDS)
        self._ended_at_once = 0 if answered else self._ended_at_once + 1
        if running is self._process:
            self._settle(self._asked, Answer(complaint=self._why_ended(why or self._last_words(code))))

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        """Keep the end of what a process says."""
        while chunk := await stream.read(MOST_KEPT):
            self.said = (self.said + chunk.decode(errors="replace"))[-MOST_KEPT:]

    def _last_words(self, code: int) -> str:
        last = self.said.strip().rpartition("\n")[2]
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{how}; {''.join(filter(str.isprintable, last))}" if last else how

    def _why_ended(self, why: str) -> str:
        if self._ended_at_once < 2:
            return f"the grading process ended: {why}. The next save starts another."
        return (
            f"the grading process ended {self._ended_at_once} times before it had answered: {why}. "
            f"`{program()} doctor` looks for the cause."
        )

    def _settle(self, mark: int, answer: Answer) -> None:
        if self._answer and mark == self._asked and not self._answer.done():
            self._answer.set_result(answer)

    async def close(self) -> None:
        """End the process and all that it started."""
        running, self._process = self._process, None
        if running is None or running.returncode is not None:
            return
        if running.stdin:
            running.stdin.close()
        try:
            await asyncio.wait_for(running.wait(), process.ENDING_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                running.kill()
            await running.wait()


def _answer(told: Told) -> Answer:
    if told.complaint and not told.is_usage:
        return Answer(complaint=f"a fault of the grader, not of your code: {told.complaint}")
    verdict = told.verdicts[0] if told.verdicts else None
    return Answer(verdict, told.complaint, tuple(told.devices) or ("cpu",), tuple(told.costs))
