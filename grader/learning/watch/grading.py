"""Asks the grading process, starts it anew where it died, and hands out its answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.judging.cost import Cost
from grader.units import MB
from grader.verdict import Verdict

LARGEST_ANSWER = 16 * MB


@dataclass(frozen=True)
class Answer:
    """What came of a request: a verdict or costs, or in their place a complaint for the learner."""

    verdict: Verdict | None = None
    complaint: str = ""
    devices: tuple[str, ...] = ("cpu",)
    costs: tuple[dict[str, Cost], ...] = ()


class GradingProcess:
    """One process that grades, one request at a time; a newer request cancels the one under way."""

    def __init__(self, call_limit: float, limit: float) -> None:
        self._limits = (str(call_limit), str(limit))
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    async def start(self) -> None:
        """Start the process, or another where it has ended; torch begins to load."""
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "grader.learning.watch.worker", *self._limits, cwd=places.workspace().root,
                limit=LARGEST_ANSWER,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            self._reading = asyncio.create_task(self._read_answers(self._process))

    async def grade(
        self, exercise: Exercise, path: Path, device: str, seed: int, *, measure: bool = False
    ) -> Answer | None:
        """Grade a file, or `measure` it beside the solution; None if something newer was asked for meanwhile."""
        await self.start()
        for overtaken in self._waiting.values():
            overtaken.cancel()
        mark = next(self._ids)
        request = {
            "id": mark, "exercise": exercise.name, "path": str(path), "device": device, "seed": seed,
            "measure": measure,
        }  # fmt: skip
        answer = self._waiting[mark] = asyncio.get_running_loop().create_future()
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        try:
            found: Answer = await answer
            return found
        except asyncio.CancelledError:
            if answer.cancelled():
                return None
            raise
        finally:
            del self._waiting[mark]

    async def _read_answers(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        while line := await process.stdout.readline():
            read = json.loads(line)
            self._settle(read["id"], _answer(read))
        code = await process.wait()
        for mark in list(self._waiting):
            self._settle(mark, Answer(complaint=f"the grading process ended ({code}); the next save starts another"))

    def _settle(self, mark: int, answer: Answer) -> None:
        waiting = self._waiting.get(mark)
        if waiting and not waiting.done():
            waiting.set_result(answer)

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
