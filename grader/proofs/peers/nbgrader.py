"""nbgrader: a notebook with a solution cell and hidden tests, run by `nbgrader autograde`."""

from __future__ import annotations

import ast
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from grader.catalogue.catalogue import find
from grader.errors import GraderError
from grader.proofs.peers import endings
from grader.proofs.peers.environments import Environment
from grader.proofs.peers.submissions import EXERCISE, PEERS
from grader.proofs.peers.tools import Description, Work, surroundings

NBGRADER = Description(
    "nbgrader", "nbgrader", "hidden tests in cells after the submission's, each with a time limit; not in a container"
)
STUDENT = "ada"
# What the gradebook holds of each graded cell of a student: the score that it got, and the most that it can get.
SCORES = """
    SELECT grade.auto_score, grade_cells.max_score FROM grade
    JOIN grade_cells ON grade_cells.id = grade.cell_id
    JOIN submitted_notebook ON submitted_notebook.id = grade.notebook_id
    JOIN submitted_assignment ON submitted_assignment.id = submitted_notebook.assignment_id
    WHERE submitted_assignment.student_id = ?
"""


class Nbgrader:
    """Grades a course of its own for each submission, copied from one that was released once."""

    description = NBGRADER

    def __init__(self, environment: Environment, seed: int) -> None:
        self._environment, self._seed = environment, seed
        self._course = Path()

    def prepare(self, folder: Path) -> None:
        """Write the source notebook and release it."""
        self._course = folder / "course"
        (self._course / "source" / "kata").mkdir(parents=True)
        shutil.copy(PEERS / "nbgrader" / "nbgrader_config.py", self._course)
        source = self._course / "source" / "kata" / "kata.ipynb"
        source.write_text(json.dumps(notebook(find(EXERCISE).solution.read_text(encoding="utf-8"))), encoding="utf-8")
        command = [self._environment.script("nbgrader"), "generate_assignment", "kata"]
        variables = self.environment(folder)
        made = subprocess.run(command, cwd=self._course, env=variables, capture_output=True, text=True)
        if made.returncode:
            raise GraderError(f"nbgrader released no assignment: {made.stderr.strip()[-300:]}")

    def lay_out(self, folder: Path, text: str) -> Work:
        """Hand the submission in, as the released notebook with the solution cell filled in."""
        shutil.copytree(self._course, folder, dirs_exist_ok=True)
        self._hand_in(folder, STUDENT, text)
        command = [self._environment.script("nbgrader"), "autograde", "kata", "--student", STUDENT]
        return Work(command, folder, lambda: endings.of_nbgrader(scores(folder / "gradebook.db", STUDENT)))

    def _hand_in(self, folder: Path, student: str, text: str) -> None:
        released = json.loads((self._course / "release" / "kata" / "kata.ipynb").read_text(encoding="utf-8"))
        released["cells"][0]["source"] = text
        submitted = folder / "submitted" / student / "kata"
        submitted.mkdir(parents=True)
        (submitted / "kata.ipynb").write_text(json.dumps(released), encoding="utf-8")

    def warm(self, folder: Path, texts: Sequence[str]) -> Work | None:
        """Grade several students by nbgrader's high-level API, which starts a kernel for each."""
        shutil.copytree(self._course, folder, dirs_exist_ok=True)
        students = [f"student{number}" for number, _ in enumerate(texts)]
        for student, text in zip(students, texts, strict=True):
            self._hand_in(folder, student, text)
        command = [self._environment.python, str(PEERS / "nbgrader" / "warm.py"), *students]
        return Work(command, folder, lambda: endings.Ending.ACCEPTED)

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment variables that its processes get."""
        return surroundings(folder, self._seed, self._environment)


def scores(gradebook: Path, student: str) -> list[tuple[float | None, float]]:
    """Return what each graded cell of a student got, and the most that it can get; none where nothing was graded."""
    try:
        with closing(sqlite3.connect(f"file:{gradebook}?mode=ro", uri=True)) as connection:
            return connection.execute(SCORES, (student,)).fetchall()
    except sqlite3.Error:
        return []


def notebook(solution: str) -> dict[str, Any]:
    """Return the teacher's notebook: the solution, the assertions, and a hidden test for each check."""
    text = (PEERS / "assertions.py").read_text(encoding="utf-8")
    cells = [
        _cell("kata", f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION", solution=True),
        _cell("assertions", _hidden(text), grade=True, locked=True, points=0),
        *(
            _cell(name, _hidden(f'run("{name}", globals())'), grade=True, locked=True, points=1)
            for name in checks(text)
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def checks(assertions: str) -> list[str]:
    """Return the names of the checks, read from the table at the end of the assertions, which nothing runs here."""
    table = ast.parse(assertions).body[-1]
    found = next(node for node in ast.walk(table) if isinstance(node, ast.comprehension))
    return [name.id for name in ast.walk(found.iter) if isinstance(name, ast.Name)]


def _hidden(test: str) -> str:
    return f"### BEGIN HIDDEN TESTS\n{test}\n### END HIDDEN TESTS"


def _cell(name: str, source: str, **metadata: object) -> dict[str, Any]:
    marks = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": False, "task": False}
    return {
        "cell_type": "code", "id": name, "execution_count": None, "outputs": [], "source": source,
        "metadata": {"nbgrader": {**marks, **metadata}},
    }  # fmt: skip
