"""What the command line shows of a class, as rich renderables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.batch.course import FIXED, Assignment, Course, Visibility
from grader.batch.regraded import Regraded
from grader.record.rows import State, Stray, Student, Submission
from grader.verdict import Outcome

# How a submission can have ended, in the order in which it is told.
WORDS = {
    Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.RAISED: "raised an exception",
    Outcome.NOT_STARTED: "are not written yet", Outcome.TIMEOUT: "ran into the time limit, twice",
    Outcome.CRASHED: "crashed", Outcome.REFUSED: "were refused by the sandbox", Outcome.BLOCKED: "are blocked",
    Outcome.UNAVAILABLE: "lack the device",
}  # fmt: skip
MOST_CHANGES = 200


def summary(outcomes: dict[tuple[State, str], int], students: int) -> Text:
    """Return in one paragraph what came of a class."""
    total = sum(outcomes.values())
    done = {Outcome(outcome): number for (state, outcome), number in outcomes.items() if state is State.DONE}
    parts = [f"{done[outcome]:,} {word}" for outcome, word in WORDS.items() if outcome in done]
    open_ones = sum(number for (state, _), number in outcomes.items() if state is State.PENDING)
    faults = sum(number for (state, _), number in outcomes.items() if state is State.FAULT)
    parts += [f"{open_ones:,} not graded yet"] if open_ones else []
    parts += [f"{faults:,} not graded for a fault of the grader"] if faults else []
    said = f"{counted(total, 'submission')} of {counted(students, 'student')}"
    return Text(f"{said}: {', '.join(parts) or 'nothing to grade'}.")


def counted(number: int, noun: str) -> str:
    """Return "1 file" or "1,234 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def left_out(strays: Sequence[Stray], students: Iterable[Student], most: int) -> list[Text]:
    """Return a line for each file that was left out, and why."""
    return _listed("left out", [(each.path, each.student, each.why) for each in strays], students, most)


def odd(submissions: Sequence[Submission], students: Iterable[Student], most: int) -> list[Text]:
    """Return a line for each file that cannot be read, and for each with which something was done."""
    people = list(students)
    unread = [(each.path, each.student, each.problem) for each in submissions if each.problem]
    noted = [(each.path, each.student, each.note) for each in submissions if each.note]
    lines = _listed("that cannot be read, and therefore without points", unread, people, most)
    return lines + _listed("with a remark", noted, people, most)


def _listed(what: str, files: Sequence[tuple[str, str, str]], students: Iterable[Student], most: int) -> list[Text]:
    names = {each.id: each.name or each.id for each in students}
    lines = [Text(f"{counted(len(files), 'file')} {what}:")] if files else []
    for path, student, why in files[:most]:
        whose = names.get(student, student)
        lines.append(Text(f"  {path}: {why}" if not whose or whose in path else f"  {path}: {why} ({whose})"))
    if len(files) > most:
        lines.append(Text(f"  … and {len(files) - most:,} more; the log lists all of them"))
    return lines


def changes(found: Regraded, students: Iterable[Student]) -> RenderableType:
    """Return whose result a regrade has changed, and why."""
    head = Text(f"Graded anew: {found.count:,}. Changed: {len(found.changes):,}.")
    if not found.changes:
        return head
    names = {each.id: each.name or each.id for each in students}
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("student", "exercise", "steps", "what changed", "because of"):
        table.add_column(name, overflow="fold")
    for each in found.changes[:MOST_CHANGES]:
        (before, _), (after, most) = each.before.score, each.after.score
        exercise = each.submission.exercise.partition("_")[0]
        table.add_row(
            Text(names.get(each.submission.student, each.submission.student)), exercise,
            f"{before} → {after} of {most}", Text("\n".join(each.steps)), ", ".join(each.why),
        )  # fmt: skip
    more = len(found.changes) - MOST_CHANGES
    return Group(head, table, *([Text(f"… and {more:,} more")] if more > 0 else []))


def course_table(course: Course) -> RenderableType:
    """Return a course as a table, a line for each exercise, with what holds for all below it."""
    table = Table(box=None, pad_edge=False, header_style="dim", title=course.title or None, title_justify="left")
    for name in ("exercise", "steps", "points", "due", "late", "shown"):
        table.add_column(name, justify="right" if name in ("steps", "points") else "left", overflow="fold")
    for each in course.assignments:
        table.add_row(
            each.exercise.name,
            str(len(each.exercise.steps)),
            f"{each.most:g}",
            _due(each.due),
            _late(each),
            _shown(each),
        )
    total = sum(each.most for each in course.assignments)
    table.add_row(f"{counted(len(course.assignments), 'exercise')}", "", f"{total:g}", "", "", "")
    return Group(table, Text(), *(Text(line) for line in _common(course)))


def _due(due: datetime | None) -> str:
    return due.strftime("%Y-%m-%d %H:%M") if due else "-"


def _late(assignment: Assignment) -> str:
    late = assignment.late
    if not late.percent_a_day:
        return "costs nothing"
    grace = f", after {late.grace_days:g} d" if late.grace_days else ""
    return f"-{late.percent_a_day:g} % a day{grace}"


def _shown(assignment: Assignment) -> str:
    """Return the visibility of most steps, and which steps have another."""
    kinds = list(assignment.visibility.values())
    usual = max(Visibility, key=kinds.count)
    others = [f"{step}: {each}" for step, each in assignment.visibility.items() if each is not usual]
    return ", ".join([usual, *others])


def _common(course: Course) -> list[str]:
    limits = course.limits
    loops = (
        "waits for each call that does not end" if course.every_timeout else "one call that does not end is waited for"
    )
    seed = "drawn once for a batch" if course.seed == FIXED else str(course.seed)
    lines = [
        f"Of several files the {course.several} counts. Device: {course.device}. Seed: {seed}.",
        f"Limits: {limits.call:g} s a call, {limits.exercise:g} s an exercise; {loops} in a step.",
    ]
    if course.strict:
        lines.append("Each check has a process of its own.")
    if course.require:
        lines.append(f"Nothing is graded without {' and '.join(course.require)}.")
    if course.excused or course.extensions:
        lines.append(f"Excused: {len(course.excused)}. Due dates of their own: {len(course.extensions)}.")
    return lines
