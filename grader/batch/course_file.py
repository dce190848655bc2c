"""Reads `course.toml` strictly: what it does not know is refused with its line, and with what was probably meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
from msgspec import Meta, Struct

from grader import files
from grader.batch.course import FIXED, PER_STUDENT, Assignment, Course, Late, Several, Visibility, assignment, plain
from grader.batch.toml_lines import in_plain_words, line_of, meant, with_line
from grader.catalogue.catalogue import Exercise, choose, find
from grader.errors import UsageError
from grader.judging.clock import Limits
from grader.judging.devices import DEVICES
from grader.record.results import Results
from grader.seeds import SEEDS

FORMAT = 1
PARTS = ("rlimits", "landlock", "seccomp")  # of the isolation, which a course may require

Section = TypeVar("Section", bound=Struct)
Points = Annotated[float, Meta(ge=0, le=1e6)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Days = Annotated[float, Meta(ge=0, le=1000)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class _Whole(Struct, forbid_unknown_fields=True):
    format: int = FORMAT
    title: str = ""
    several: Several = Several.LATEST
    device: str = "cpu"
    seed: int | str = FIXED
    strict: bool = False
    require: list[str] = []
    late: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    points: Points = 1.0
    visibility: Visibility = Visibility.FULL
    due: Any = None
    exercises: dict[str, Any] | str = "all"
    excused: list[dict[str, Any]] = []
    extensions: list[dict[str, Any]] = []


class _Late(Struct, forbid_unknown_fields=True):
    grace_days: Days = 0.0
    percent_a_day: Percent = 0.0
    unknown_days: Annotated[int, Meta(ge=0, le=1000)] = 0


class _Limits(Struct, forbid_unknown_fields=True):
    call: Seconds = Limits().call
    exercise: Seconds = Limits().exercise
    every_timeout: bool = False


class _Exercise(Struct, forbid_unknown_fields=True):
    due: Any = None
    points: Points | dict[str, Points] | None = None
    visibility: Visibility | dict[str, Visibility] | None = None
    late: dict[str, Any] | None = None


class _Excused(Struct, forbid_unknown_fields=True):
    student: str
    exercises: str = "all"


class _Extension(Struct, forbid_unknown_fields=True):
    student: str
    due: Any
    exercises: str = "all"


def read_course(path: Path) -> tuple[Course, str]:
    """Return the course that a file describes, and its text; raise UsageError with the line of what is wrong."""
    try:
        text = files.read(path).decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no course file {path}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: byte {error.start + 1} is invalid") from None
    return parse(text, str(path)), text


def course_of(results: Results) -> Course:
    """Return the course that results were graded for; a plain one over what was handed in where there was no file."""
    if text := results.fact("course"):
        return parse(text, str(results.folder.root))
    handed_in = {each.exercise for each in results.submissions(with_text=False)}
    return plain([find(name) for name in sorted(handed_in)])


def parse(text: str, name: str = "course.toml") -> Course:
    """Return the course that a text describes."""
    return _File(name, text).course()


class _File:
    """A course file under way; every complaint names its line."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text.replace("\r\n", "\n")
        try:
            self._document = tomllib.loads(self._text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name} is not TOML: {with_line(str(error))}") from None

    def course(self) -> Course:
        whole = self._section(self._document, _Whole, ())
        if whole.format != FORMAT:
            self._refuse(("format",), f"format {whole.format} is not known; this program reads format {FORMAT}")
        late, limits = self._late(whole.late, ("late",)), self._section(whole.limits, _Limits, ("limits",))
        assignments = self._assignments(whole, late)
        return Course(
            whole.title, assignments, whole.several, self._one_of(whole.device, DEVICES, ("device",)),
            self._seed(whole.seed), whole.strict, Limits(limits.call, limits.exercise), limits.every_timeout,
            tuple(self._one_of(each, PARTS, ("require",)) for each in whole.require),
            frozenset(self._excused(whole, assignments)), dict(self._extensions(whole, assignments)),
        )  # fmt: skip

    def _assignments(self, whole: _Whole, late: Late) -> tuple[Assignment, ...]:
        if isinstance(whole.exercises, str):
            tables: dict[str, Any] = {each.name: {} for each in self._chosen(whole.exercises, ("exercises",))}
        else:
            tables = whole.exercises
        found = [self._assignment(key, table, whole, late) for key, table in tables.items()]
        names = [each.exercise.name for each in found]
        for key, each in zip(tables, names, strict=True):
            if names.count(each) > 1:
                self._refuse(("exercises", key), f"{each} stands there twice")
        if not found:
            self._refuse(("exercises",), "no exercise is named")
        return tuple(sorted(found, key=lambda each: each.exercise.number))

    def _assignment(self, key: str, table: Any, whole: _Whole, late: Late) -> Assignment:
        where = ("exercises", key)
        exercise = self._exercise(key, where)
        section = self._section(table, _Exercise, where)
        for field in ("points", "visibility"):
            given = getattr(section, field)
            for step in given if isinstance(given, dict) else ():
                self._one_of(step, exercise.steps, (*where, field, step), f"a step of {exercise.name}")
        return assignment(
            exercise,
            self._moment(section.due, (*where, "due")) or self._moment(whole.due, ("due",)),
            late if section.late is None else self._late(section.late, (*where, "late")),
            _by_step(section.points, whole.points, exercise), _by_step(section.visibility, whole.visibility, exercise),
        )  # fmt: skip

    def _excused(self, whole: _Whole, assignments: Iterable[Assignment]) -> Iterable[tuple[str, str]]:
        for table in whole.excused:
            each = self._section(table, _Excused, ("excused",))
            yield from ((each.student, name) for name in self._named(each.exercises, assignments, "excused"))

    def _extensions(
        self, whole: _Whole, assignments: Iterable[Assignment]
    ) -> Iterable[tuple[tuple[str, str], datetime]]:
        for table in whole.extensions:
            each = self._section(table, _Extension, ("extensions",))
            due = self._moment(each.due, ("extensions", "due")) or self._refuse(("extensions",), "`due` is missing")
            yield from (((each.student, name), due) for name in self._named(each.exercises, assignments, "extensions"))

    def _named(self, text: str, assignments: Iterable[Assignment], table: str) -> Iterable[str]:
        chosen = set(self._chosen(text, (table, "exercises")))
        return [each.exercise.name for each in assignments if each.exercise in chosen]

    def _late(self, table: Any, where: tuple[str, ...]) -> Late:
        found = self._section(table, _Late, where)
        return Late(found.grace_days, found.percent_a_day, found.unknown_days)

    def _moment(self, given: Any, where: tuple[str, ...]) -> datetime | None:
        """Return a moment in time: a date ends at midnight; without an offset, the time of this machine is meant."""
        if given is None:
            return None
        if not isinstance(given, date):  # a datetime is one, too
            self._refuse(where, f"expected a date such as 2026-11-30 or 2026-11-30T18:00:00+01:00, got {given!r}")
        moment = given if isinstance(given, datetime) else datetime.combine(given, time(23, 59, 59))
        return moment.astimezone()

    def _seed(self, seed: int | str) -> int | str:
        if isinstance(seed, int):
            if not 0 <= seed < SEEDS:
                self._refuse(("seed",), f"a seed is a number from 0 to {SEEDS - 1}, not {seed}")
            return seed
        return self._one_of(seed, (FIXED, PER_STUDENT), ("seed",))

    def _exercise(self, name: str, where: tuple[str, ...]) -> Exercise:
        try:
            return find(name)
        except UsageError as error:
            self._refuse(where, str(error))

    def _chosen(self, text: str, where: tuple[str, ...]) -> tuple[Exercise, ...]:
        try:
            return choose(text)
        except UsageError as error:
            self._refuse(where, str(error))

    def _one_of(self, given: str, known: Iterable[str], where: tuple[str, ...], what: str = "") -> str:
        if given not in known:
            said = f"is not {what or 'known'}" if what else "is not known"
            self._refuse(where, f"{given!r} {said}; {meant(given, list(known))}")
        return given

    def _section(self, table: Any, kind: type[Section], where: tuple[str, ...]) -> Section:
        known = [each.name for each in msgspec.structs.fields(kind)]
        for key in table if isinstance(table, dict) else ():
            if key not in known:
                self._refuse((*where, key), f"{key!r} is not known here; {meant(key, known)}")
        try:
            return msgspec.convert(table, kind)
        except msgspec.ValidationError as error:
            said, _, path = str(error).partition(" - at `$.")
            field = re.split(r"[.\[`]", path)[0]
            if wrong := re.fullmatch(r"Invalid enum value '(.*)'", said):
                self._one_of(
                    wrong[1], [each.value for each in (Several if field == "several" else Visibility)], (*where, field)
                )
            self._refuse(
                (*where, *filter(None, [field])), f"{in_plain_words(said)}{f' for `{field}`' if field else ''}"
            )

    def _refuse(self, where: tuple[str, ...], why: str) -> NoReturn:
        line = line_of(self._text, where)
        raise UsageError(f"{self._name}{f', line {line}' if line else ''}: {why}")


def _by_step(given: Any, usual: Any, exercise: Exercise) -> Any:
    """Return a value for each step: what the exercise's table says, else what the course says."""
    if not isinstance(given, dict):
        return dict.fromkeys(exercise.steps, usual if given is None else given)
    return dict.fromkeys(exercise.steps, usual) | given
