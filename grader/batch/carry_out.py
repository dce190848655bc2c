"""Carries a plan out: every result is kept the moment it is known, so that it can go on wherever it was ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from grader.batch.course import Course
from grader.batch.engines.engine import Engine
from grader.batch.plan import unreadable
from grader.batch.task import Ended, How, Task
from grader.catalogue.catalogue import find
from grader.record import depends
from grader.record.results import Results
from grader.record.rows import Result, State, Submission

Told = Callable[[Submission, Ended], None]


@dataclass(frozen=True)
class Waiting:
    """A result that is not there yet: its key, its seed, and a submission that has it; others may have it, too."""

    key: str
    submission: int
    exercise: str
    seed: int


def how(course: Course) -> How:
    """Return how a course is graded."""
    limits = course.limits
    return How(limits.call, limits.exercise, course.strict, course.every_timeout, tuple(course.require), depends.here())


def waiting(results: Results, *, doubtful: bool = False) -> list[Waiting]:
    """Return what has to be graded, that of one exercise together; or else what ran into the time limit once."""
    found: dict[str, Waiting] = {}
    submissions = {each.key: each.submission for each in reversed(results.plan())}
    for state in (State.DONE,) if doubtful else (State.PENDING, State.FAULT):
        for each in results.results(state):
            if each.doubtful or not doubtful:
                found[each.key] = Waiting(each.key, submissions[each.key], each.exercise, each.seed)
    return sorted(found.values(), key=lambda each: (each.exercise, each.submission))


def settle_unreadable(results: Results, course: Course, found: Iterable[Waiting]) -> list[Waiting]:
    """Give what is no text its verdict; return what is left to be graded."""
    left = []
    for each in found:
        submission = results.submission(each.submission)
        if not submission.problem:
            left.append(each)
            continue
        verdict = unreadable(find(each.exercise), submission, course.device, each.seed)
        text = json.dumps(verdict.to_dict(), ensure_ascii=False)
        results.finish(
            Result(each.key, each.exercise, course.device, each.seed, state=State.DONE, outcome=verdict.outcome,
                   verdict_json=text, at=time.time())
        )  # fmt: skip
    return left


def carry_out(results: Results, course: Course, engine: Engine, found: list[Waiting], told: Told) -> None:
    """Grade what waits; faults once more, then what ran into the time limit once more, alone."""
    _grade(results, course, found, engine.run, told)
    if faults := [each for each in found if _state(results, each.key) is State.FAULT]:
        _grade(results, course, faults, engine.run, told)
    if doubtful := waiting(results, doubtful=True):
        _grade(results, course, doubtful, engine.alone, told, last=True)


def _state(results: Results, key: str) -> State | None:
    found = results.result(key)
    return found.state if found else None


def _grade(
    results: Results, course: Course, found: list[Waiting],
    run: Callable[[Iterable[Task]], Iterator[Ended]], told: Told, *, last: bool = False,
) -> None:  # fmt: skip
    submissions = {each.key: each for each in found}
    for ended in run(_tasks(results, course, found)):
        each = submissions[ended.key]
        if last and ended.state is State.FAULT:
            continue  # the verdict that is there stands, and is doubted again in the next run
        results.finish(_result(each, course, ended, doubtful=ended.timed_out and not last))
        told(results.submission(each.submission), ended)


def _tasks(results: Results, course: Course, found: list[Waiting]) -> Iterator[Task]:
    for each in found:
        submission = results.submission(each.submission)
        yield Task(each.key, each.exercise, submission.text, submission.sha256, course.device, each.seed)


def _result(each: Waiting, course: Course, ended: Ended, *, doubtful: bool) -> Result:
    return Result(
        each.key, each.exercise, course.device, each.seed, {}, ended.state, ended.outcome, ended.verdict_json,
        ended.fault, 0, ended.at, ended.seconds, ended.machine, doubtful,
    )  # fmt: skip
