"""Asks the grading process, starts it anew where it ended, and hands out its answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.judging.cost import Cost
from grader.units import MB
from grader.verdict import Verdict

# Neither the current folder nor the grader's own comes first: a `random.py` there would be taken for Python's.
BOOT = "import sys; sys.path.append(sys.argv.pop()); from grader.learning.watch.worker import main; main()"
LARGEST_ANSWER = 16 * MB
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

    It runs `boot`, with the grader imported from the folder `code`.
    """

    def __init__(self, call_limit: float, limit: float, boot: str = BOOT, code: Path | None = None) -> None:
        code = code or places.imported_from()
        self._command = (sys.executable, "-P", "-c", boot, str(call_limit), str(limit), str(code))
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._asked = 0
        self._answer: asyncio.Future[Answer] | None = None
        self._ended_at_once = 0
        self.said = ""  # by the process, on standard error

    async def grade(self, exercise: Exercise, path: Path, device: str, seed: int, *, measure: bool = False) -> Answer:
        """Grade a file, or `measure` it beside the solution."""
        process = await self._running()
        if self._answer:
            self._answer.cancel()
        self._asked = next(self._ids)
        request = {
            "id": self._asked, "exercise": exercise.name, "path": str(path), "device": device, "seed": seed,
            "measure": measure,
        }  # fmt: skip
        self._answer = asyncio.get_running_loop().create_future()
        assert process.stdin
        process.stdin.write(json.dumps(request).encode() + b"\n")
        return await self._answer

    async def _running(self) -> asyncio.subprocess.Process:
        """Return the process, another one where it has ended; torch begins to load."""
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=places.workspace().root, limit=LARGEST_ANSWER, start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            self.said = ""
            self._reading = asyncio.create_task(self._read(self._process))
        return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand out the answers of a process until it ends; then say why it did."""
        assert process.stdout
        assert process.stderr
        listening = asyncio.create_task(self._listen(process.stderr))
        why, answered = "", False
        try:
            while line := await process.stdout.readline():
                answered = True
                read = json.loads(line)
                self._settle(read["id"], _answer(read))
        except ValueError:
            why = f"its answer is larger than {LARGEST_ANSWER // MB} MB, or is none"
            process.kill()
        code = await process.wait()
        await asyncio.wait({listening}, timeout=LAST_WORDS_SECONDS)
        self._ended_at_once = 0 if answered else self._ended_at_once + 1
        if process is self._process:
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
            "`python -m grader doctor` looks for the cause."
        )

    def _settle(self, mark: int, answer: Answer) -> None:
        if self._answer and mark == self._asked and not self._answer.done():
            self._answer.set_result(answer)

    async def close(self) -> None:
        """End the process and all that it started."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 2)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _answer(answer: dict[str, Any]) -> Answer:
    if "complaint" in answer:
        return Answer(complaint=answer["complaint"])
    if "costs" in answer:
        return Answer(costs=tuple({name: Cost(**cost) for name, cost in each.items()} for each in answer["costs"]))
    return Answer(Verdict.from_dict(answer["verdict"]), devices=tuple(answer["devices"]))
