"""What has to be graded: which submissions count, and under which key the result of each is kept."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grader.batch.course import Course
from grader.batch.standing import counting
from grader.catalogue.catalogue import Exercise, find, known_checks
from grader.record import depends
from grader.record.results import Results
from grader.record.rows import Planned, Result, State, Submission
from grader.seeds import new_seed
from grader.verdict import CheckResult, Outcome, StepResult, Verdict

OWN = {"text"}  # what a result depends on that is the student's: where that changes, it is another submission


@dataclass
class Plan:
    """What was planned: how many results are new, and of how many what they depend on has changed since."""

    fresh: int = 0
    outdated: int = 0
    why: set[str] = field(default_factory=set)


class Keys:
    """Makes the key of each result: a hash of everything that it depends on."""

    def __init__(self, course: Course, drawn: int) -> None:
        limits = course.limits
        self._course = course
        self._drawn = drawn
        self._exercises: dict[str, str] = {}
        self._all = {
            "code": depends.code_hash(), "versions": depends.versions(), "device": course.device,
            "limits": f"{limits.call:g} s a call, {limits.exercise:g} s in all",
            "way": f"strict={course.strict}, every_timeout={course.every_timeout}",
        }  # fmt: skip

    def seed(self, submission: Submission) -> int:
        """Return the seed of a grading."""
        return self._course.seed_for(submission.student, submission.exercise, self._drawn)

    def parts(self, submission: Submission) -> dict[str, str]:
        """Return all that a result depends on, by name."""
        name = submission.exercise
        if submission.problem:
            return {"exercise": name, "text": f"none: {submission.problem}"}
        if name not in self._exercises:
            self._exercises[name] = depends.exercise_hash(find(name))
        return {"exercise": name, "text": submission.sha256, "checks": self._exercises[name],
                "seed": str(self.seed(submission)), **self._all}  # fmt: skip


def key_of(parts: Mapping[str, str]) -> str:
    """Return the key for what a result depends on."""
    return hashlib.sha256(json.dumps(sorted(parts.items())).encode()).hexdigest()


def make_plan(results: Results, course: Course, *, regrade: bool) -> Plan:
    """Plan what is not planned yet, and what a student has handed in anew; with `regrade` all that has changed.

    What is pending is planned as things are now. A result that is there stays, unless it is to be graded anew.
    """
    keys = Keys(course, _drawn(results))
    before = {each.submission: each for each in results.plan() if each.device == course.device}
    made, planned, anew = Plan(), [], []
    for submission in _counting(results, course):
        parts = keys.parts(submission)
        key, old = key_of(parts), before.get(submission.id)
        if old and old.key == key:
            continue
        changed = _changed_around(results, old, parts)
        made.fresh += not changed
        made.outdated += bool(changed)
        made.why |= changed
        if regrade or not changed:
            earlier = "" if old is None else old.before or (old.key if changed else "")
            planned.append(Planned(submission.id, course.device, key, earlier))
            anew.append(Result(key, submission.exercise, course.device, keys.seed(submission), parts))
    results.keep_plan(planned, anew)
    return made


def _changed_around(results: Results, old: Planned | None, parts: Mapping[str, str]) -> set[str]:
    """Return what has changed around a submission that has a verdict; nothing where it is to be graded in any case."""
    there = results.result(old.key) if old else None
    if there is None or there.state is not State.DONE:
        return set()
    changed = _changed(there.depends, parts)
    return set() if changed & OWN else changed


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> set[str]:
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def why_changed(old: Result, new: Result) -> list[str]:
    """Return the names of what differs in all that two results depend on."""
    return sorted(_changed(old.depends, new.depends))


def _counting(results: Results, course: Course) -> Iterator[Submission]:
    """Yield the submissions that have to be graded, without their texts."""
    handed_in: dict[tuple[str, str], list[Submission]] = defaultdict(list)
    for each in results.submissions(with_text=False):
        if course.assignment(each.exercise):
            handed_in[each.student, each.exercise].append(each)
    for files in handed_in.values():
        yield from counting(course, files)


def _drawn(results: Results) -> int:
    """Return the number from which the seeds of this batch follow, drawn once."""
    if not results.fact("seed"):
        results.keep_fact("seed", str(new_seed()))
    return int(results.fact("seed"))


def unreadable(exercise: Exercise, submission: Submission, device: str, seed: int) -> Verdict:
    """Return the verdict on what is no text: each check says why."""
    said = f"the file was not graded: it {submission.problem}"
    checks = known_checks(exercise)
    steps = tuple(
        StepResult(step, Outcome.FAILED, tuple(
            CheckResult(each.name, each.headline, Outcome.FAILED, said) for each in checks if each.step == step
        ))
        for step in exercise.steps
    )  # fmt: skip
    return Verdict(
        exercise.name, exercise.title, f"{exercise.name}.py", "", device, seed, Outcome.FAILED, steps, (), {}, 0.0, said
    )
