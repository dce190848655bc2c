"""The page of a class, for its staff: what hurts, what is believed, who stands where."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.batch.course import Assignment, Course
from grader.batch.out import charts, figures
from grader.batch.out.facts import EXCUSED, FAULT, NOTHING, WAITS, Fact, of_exercise
from grader.batch.out.figures import Met, StepFigures
from grader.batch.out.names import Names
from grader.batch.out.student_page import points
from grader.batch.out.words import step_code
from grader.catalogue.catalogue import Exercise, find
from grader.catalogue.misconceptions import misconceptions
from grader.record.rows import Stray
from grader.reports.markup import Node, page, table, tag
from grader.reports.to_html import STYLES, prose, style
from grader.verdict import Outcome

CSS = Path(__file__).with_name("class.css")
MOST_MISCONCEPTIONS, MOST_WORDS, MOST_STRAYS = 40, 3, 100
ABOUT = (
    "Passed is the share of those graded: the difficulty, as test theory counts it. Discrimination is the correlation "
    "between passing a step and passing the others of its exercise: near 1 the step tells who has understood, near 0 "
    "it tells nothing, below 0 it deserves a look."
)
HARD = 0.5  # a step that fewer pass is named above all others


@dataclass(frozen=True)
class Known:
    """All that the page is made of; `text` returns what a submission says, by its id."""

    course: Course
    facts: Sequence[Fact]
    names: Names
    strays: Sequence[Stray]
    text: Callable[[int], str]


def class_page(known: Known, folder: str) -> str:
    """Return the page; students' pages lie in a folder beside it."""
    title = known.course.title or "PyTorch katas"
    return page(
        f"{title}: the class",
        "".join(map(style, STYLES)) + CSS.read_text(encoding="utf-8"),
        tag("header", tag("h1", title), tag("p", _counted(known.facts))),
        tag("main", *_sections(known, folder)),
        tag("footer", tag("p", ABOUT)),
    )


def _counted(facts: Sequence[Fact]) -> str:
    states = Counter(fact.state for fact in facts)
    students = len({fact.student.id for fact in facts})
    graded = sum(fact.graded for fact in facts)
    open_ = [f"{states[state]} {word}" for state, word in ((WAITS, "not graded yet"), (FAULT, "ended in a fault of the "
             "grader (`batch` tries them again)"), (EXCUSED, "excused")) if states[state]]  # fmt: skip
    return ", ".join([f"{students} student{'s' * (students != 1)}, {graded} graded", *open_])


def _sections(known: Known, folder: str) -> Iterator[Node]:
    steps = figures.steps(known.facts, known.course)
    yield from _section("exercises", "Exercises", [_exercises(known), *_histograms(known)])
    yield from _section("steps", "Which steps hurt", [*_hardest(steps), _steps(steps)])
    yield from _section("misconceptions", "Misconceptions", list(_misconceptions(known, folder)))
    yield from _section("time", "Time and attempts", list(_time(known)))
    yield from _section("students", "Students", [_students(known, folder)])
    if known.strays:
        yield from _section("strays", "Files that were left out", [_strays(known)])


def _section(name: str, title: str, content: Sequence[Node]) -> Iterator[Node]:
    heading = f"heading-{name}"
    yield tag("section", tag("h2", title, id=heading), *content, id=name, aria_labelledby=heading)


# ---- exercises ----


def _exercises(known: Known) -> Node:
    heads = ("exercise", "passed", "graded", "handed in", "median points", "nothing handed in")
    return table("All exercises", heads, [_exercise(known, each) for each in known.course.assignments], narrow=3)


def _exercise(known: Known, assignment: Assignment) -> Sequence[Node]:
    facts = of_exercise(known.facts, assignment.exercise.name)
    states = Counter(fact.state for fact in facts)
    got = _got(facts)
    median = f"{statistics.median(got):.3g} of {assignment.most:.6g}" if got else "–"
    return (
        _named(assignment.exercise), str(states[Outcome.PASSED]), str(sum(fact.graded for fact in facts)),
        str(sum(fact.handed_in > 0 for fact in facts)), median, str(states[NOTHING]),
    )  # fmt: skip


def _named(exercise: Exercise) -> str:
    return f"{exercise.number:02} {exercise.title}"


def _got(facts: Sequence[Fact]) -> list[float]:
    return [fact.points for fact in facts if fact.points is not None and fact.graded]


def _histograms(known: Known) -> Iterator[Node]:
    for each in known.course.assignments:
        if got := _got(of_exercise(known.facts, each.exercise.name)):
            yield charts.columns(f"Students by their points in {_named(each.exercise)}", charts.binned(got, each.most))


# ---- steps ----


def _hardest(steps: Sequence[StepFigures]) -> Iterator[Node]:
    hard = sorted((each for each in steps if each.graded and each.difficulty < HARD), key=lambda each: each.difficulty)
    if hard:
        named = [f"{each.step} ({each.exercise.partition('_')[0]}, {each.difficulty:.0%})" for each in hard[:3]]
        yield tag("p", f"Fewest pass {', '.join(named)}.")


def _steps(steps: Sequence[StepFigures]) -> Node:
    heads = ("step", "passed", "", "discrimination", "how it ended", "most frequent misconception")
    hardest = sorted(steps, key=lambda each: (not each.graded, each.difficulty))
    return tag(
        "div",
        table("All steps, the hardest first", heads, [_step(each) for each in hardest], narrow=3),
        class_="scroll",
    )


def _step(each: StepFigures) -> Sequence[Node]:
    others = [f"{count} {outcome.replace('_', ' ')}" for outcome, count in each.outcomes.most_common()
              if outcome is not Outcome.PASSED]  # fmt: skip
    first = next(iter(each.misconceptions.most_common(1)), None)
    told = "–" if each.discrimination is None else f"{each.discrimination:.2f}"
    return (
        tag("span", f"{each.exercise.partition('_')[0]} ", tag("code", each.step)),
        f"{each.difficulty:.0%} of {each.graded}" if each.graded else "–", charts.bar(each.difficulty), told,
        ", ".join(others), tag("a", f"{first[0]} ({first[1]})", href=f"#{first[0]}") if first else "",
    )  # fmt: skip


# ---- misconceptions ----


def _misconceptions(known: Known, folder: str) -> Iterator[Node]:
    met = figures.misconceptions(known.facts)
    graded = len({fact.student.id for fact in known.facts if fact.graded})
    if not met:
        yield tag("p", "No misconception was named.")
    for each in met[:MOST_MISCONCEPTIONS]:
        yield _misconception(known, each, graded, folder)
    if len(met) > MOST_MISCONCEPTIONS:
        rest = ", ".join(f"{each.id} ({each.students})" for each in met[MOST_MISCONCEPTIONS:])
        yield tag("p", f"Also met: {rest}.")


def _misconception(known: Known, met: Met, graded: int, folder: str) -> Node:
    found = misconceptions().get(met.id)
    head = [tag("h3", *prose(found.title)), tag("p", *prose(found.why))] if found else [tag("h3", met.id)]
    share = met.students / graded if graded else 0.0
    said = f"{met.students} of {graded} students ({share:.0%}), in {', '.join(sorted({step for *_, step in met.by}))}"
    words = [part for one in met.by[:MOST_WORDS] for part in _words(known, one, folder)]
    shown = [tag("details", tag("summary", "In their words"), *words)] if words else []
    return tag("div", *head, tag("p", said, ", ", tag("code", met.id)), charts.bar(share), *shown, id=met.id)


def _words(known: Known, by: tuple[str, int, str], folder: str) -> Iterator[Node]:
    student, submission, step = by
    if code := step_code(known.text(submission), step, bare=known.names.hidden):
        yield tag("p", _link(known, student, folder))
        yield tag("blockquote", tag("pre", code))


def _link(known: Known, student: str, folder: str) -> Node:
    return tag("a", known.names.name(student), href=f"{folder}/{known.names.file(student)}.html")


# ---- time ----


def _time(known: Known) -> Iterator[Node]:
    handed_in = Counter(fact.handed_in for fact in known.facts if fact.handed_in)
    counts = [(f"{count}", handed_in[count]) for count in range(1, max(handed_in, default=0) + 1)]
    if len(counts) > 1:
        yield charts.columns("Students by the files that they handed in for an exercise", _gathered(counts))
    else:
        yield tag("p", "Every student handed in one file for an exercise, as far as the roster tells.")
    early = [fact.hours_early for fact in known.facts if fact.hours_early is not None]
    if early:
        yield charts.columns("Submissions by the time before they were due", list(_before_due(early).items()))
    else:
        yield tag("p", "When it was handed in is not known, or nothing was due.")
    seconds = [fact.seconds for fact in known.facts if fact.graded]
    if seconds:
        yield tag("p", f"A grading took {statistics.median(seconds):.1f} s (median), the longest {max(seconds):.1f} s.")


def _gathered(counts: Sequence[tuple[str, int]], most: int = 8) -> list[tuple[str, int]]:
    rest = sum(count for _, count in counts[most:])
    return [*counts[:most], *([(f"more than {most}", rest)] if rest else [])]


def _before_due(hours: Sequence[float]) -> dict[str, int]:
    bounds = {"late": 0.0, "last hour": 1.0, "last day": 24.0, "1-3 days": 72.0, "3-7 days": 168.0}
    counts = dict.fromkeys((*bounds, "earlier"), 0)
    for each in hours:
        counts[next((name for name, bound in bounds.items() if each < bound), "earlier")] += 1
    return counts


# ---- students ----


def _students(known: Known, folder: str) -> Node:
    by_student: dict[str, dict[str, Fact]] = {}
    for fact in known.facts:
        by_student.setdefault(fact.student.id, {})[fact.exercise] = fact
    exercises = [each.exercise.name for each in known.course.assignments]
    order = sorted(by_student, key=known.names.file) if known.names.hidden else list(by_student)
    rows = [(_link(known, each, folder), *_row(by_student[each], exercises)) for each in order]
    heads = ("student", "points", *(find(name).name.partition("_")[0] for name in exercises))
    return tag("div", table("All students", heads, rows, narrow=2), class_="scroll")


def _row(of_student: dict[str, Fact], exercises: Sequence[str]) -> list[Node]:
    facts = [of_student[name] for name in exercises]
    got = [fact.points for fact in facts if fact.points is not None]
    return [f"{sum(got):.6g}" if got else "–", *(fact.state if fact.points is None else points(fact) for fact in facts)]


def _strays(known: Known) -> Node:
    shown = known.strays[:MOST_STRAYS]
    rows = [(_told(known, each.path), _told(known, each.why)) for each in shown]
    more = f", the first {MOST_STRAYS} of {len(known.strays)}" if len(known.strays) > MOST_STRAYS else ""
    return table(f"For no exercise of the course{more}", ("file", "why"), rows, narrow=2)


def _told(known: Known, text: str) -> str:
    """Return a text; where names are left out, without the names of files, which may hold one."""
    if not known.names.hidden:
        return text
    return re.sub(r"'[^']*'|\S*[^\s/]*\.(\w+)", lambda found: f"….{found[1]}" if found[1] else "…", text)
