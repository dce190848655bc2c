"""Takes the results of a class once, and makes of them whatever is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader import new_files
from grader.batch.course import Course
from grader.batch.course_file import course_of
from grader.batch.out import figures, filling, moodle, similarity, tables
from grader.batch.out.canvas import Gradebook
from grader.batch.out.class_page import CSS, Known, class_page
from grader.batch.out.facts import Fact, of_class, of_exercise
from grader.batch.out.names import Names
from grader.batch.out.student_page import Teller, student_page
from grader.catalogue.catalogue import choose
from grader.errors import UsageError
from grader.record.results import Results

STUDENTS = "students"
MOST_SHOWN = 10


class Reporting:
    """What can be made of results; `chosen` names exercises, as the command line does."""

    def __init__(
        self, results: Results, chosen: str, now: datetime, *, without_names: bool = False, in_full: bool = False
    ) -> None:
        self._results = results
        self._course = _only(course_of(results), chosen)
        self._now = now
        self._teller = Teller(self._course, now, in_full)
        self._students = results.students()
        if not self._students:
            raise UsageError(f"{results.folder.root} holds no students; `batch` takes them in")
        self._names = Names(self._students, hidden=without_names)
        self._kept: list[Fact] | None = None

    def _facts(self) -> list[Fact]:
        if self._kept is None:
            self._kept = [fact for _, fact in of_class(self._results, self._course)]
        return self._kept

    def html(self, folder: Path) -> int:
        """Write the page of the class, and one for each student; return how many students there are."""
        below = folder / STUDENTS
        new_files.make_folder(folder)
        new_files.make_folder(below)
        self._kept = []
        for student, page, facts in self._pages(CSS.read_text(encoding="utf-8")):
            new_files.write_new(below / f"{self._names.file(student)}.html", page.encode())
            self._kept += facts
        known = Known(self._course, self._kept, self._names, self._results.strays(), self._text)
        new_files.write_new(folder / "index.html", class_page(known, STUDENTS).encode())
        return len(self._students)

    def _pages(self, style: str = "") -> Iterator[tuple[str, str, list[Fact]]]:
        """Yield each student's id, page and facts; a verdict is not kept longer than its page needs it."""
        found = of_class(self._results, self._course)
        for student, group in groupby(found, key=lambda pair: pair[0].student.id):
            of_student = list(group)
            page = student_page(self._names.name(student), of_student, self._teller, style)
            yield student, page, [fact for _, fact in of_student]

    def _text(self, submission: int) -> str:
        return self._results.submission(submission).text

    def csv(self) -> str:
        """Return a row for each student and exercise."""
        return tables.to_csv(self._facts(), self._names)

    def json(self) -> str:
        """Return everything."""
        return tables.to_json(of_class(self._results, self._course), self._course, self._names)

    def junit(self) -> str:
        """Return a suite for each student and exercise."""
        return tables.to_class_junit(of_class(self._results, self._course), self._names)

    def canvas(self, path: Path, column: str, *, scaled: bool) -> tuple[bytes, list[str]]:
        """Return Canvas's gradebook, filled, and a sentence on each column."""
        book, told = Gradebook(path), []
        for target in book.targets([each.exercise for each in self._course.assignments], column):
            standing = filling.over(self._facts(), self._course, target.exercises, self._now)
            told.append(f"{book.head(target)}: {book.fill(target, standing, self._students, scaled=scaled).told()}")
        return book.to_bytes(), told

    def moodle(self, path: Path, column: str, *, scaled: bool) -> tuple[bytes, str]:
        """Return Moodle's worksheet, filled with the points over all exercises, and a sentence on it."""
        sheet = moodle.Worksheet(path, column)
        exercises = [each.exercise.name for each in self._course.assignments]
        standing = filling.over(self._facts(), self._course, exercises, self._now)
        told = sheet.fill(standing, scaled=scaled).told()
        return sheet.to_bytes(), told

    def moodle_feedback(self) -> tuple[bytes, list[str]]:
        """Return a zip with each student's page, and a sentence on it."""
        asked = {each.exercise.name for each in self._course.assignments}
        handed_in = [(each.student, each.path) for each in self._results.submissions(with_text=False)
                     if each.exercise in asked]  # fmt: skip
        paths = moodle.feedback_paths(handed_in)
        pages = {student: page for student, page, _ in self._pages(CSS.read_text(encoding="utf-8"))}
        held = moodle.feedback(paths, pages)
        return new_files.zipped(held), [f"feedback for {len(held)} participants"]

    def similarity(self, folder: Path) -> int:
        """Write what programs compare; return how many submissions there are."""
        found = (standing for standing, _ in of_class(self._results, self._course))
        contents = similarity.tree(found, self._names, self._text)
        new_files.make_folder(folder)
        new_files.write_tree(folder, contents)
        return sum(name.startswith(f"{similarity.SUBMISSIONS}/") for name in contents)

    def overview(self) -> RenderableType:
        """Return what came of the class, for a terminal."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("exercise", "handed in", "graded", "passed", "hardest step"):
            table.add_column(name, overflow="fold", justify="left" if name in ("exercise", "hardest step") else "right")
        for each in self._course.assignments:
            table.add_row(*self._row(each.exercise.name))
        met = figures.misconceptions(self._facts())[:MOST_SHOWN]
        lines = [f"{one.students:>5}  {one.id}" for one in met]
        head = [Text(), Text("Students  misconception", style="dim")] if lines else []
        return Group(table, *head, *map(Text, lines))

    def _row(self, exercise: str) -> tuple[str, str, str, str, str]:
        facts = of_exercise(self._facts(), exercise)
        steps = [each for each in figures.steps(facts, self._course) if each.exercise == exercise and each.graded]
        hardest = min(steps, key=lambda each: each.difficulty, default=None)
        told = f"{hardest.step}, {hardest.difficulty:.0%} pass" if hardest else ""
        return (
            exercise, str(sum(fact.handed_in > 0 for fact in facts)), str(sum(fact.graded for fact in facts)),
            str(sum(fact.state == "passed" for fact in facts)), told,
        )  # fmt: skip


def _only(course: Course, chosen: str) -> Course:
    """Return the course with no other exercises than those; raise UsageError for one that is not in it."""
    if chosen == "all":
        return course
    return course.only(choose(chosen), "these results")
