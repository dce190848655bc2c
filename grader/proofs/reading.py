"""What reading the files of the exercises finds wrong; nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from grader.catalogue import misconceptions, places, recognised
from grader.catalogue.catalogue import Exercise, exercises, known_checks, probes
from grader.catalogue.hints import LEVELS, hints
from grader.catalogue.questions import questions
from grader.catalogue.taught import named_by
from grader.errors import UsageError
from grader.judging.overlay import definitions
from grader.learning.side_by_side import compare
from grader.proofs.borders import in_the_borders
from grader.proofs.new_exercise import IDEA, TASK

MIN_RIGHT_ANSWERS = 2


def answers(folder: Path) -> list[Path]:
    """Return the files of a folder of known answers."""
    return sorted(folder.glob("*.py"))


def in_the_files(exercise: Exercise) -> Iterator[str]:
    """Yield what reading the files of an exercise finds wrong: nothing is run."""
    for path in (exercise.handed_out, exercise.solution, exercise.checks, exercise.hints):
        if not path.exists():
            yield f"{path.relative_to(places.checkout())} is missing"
            return
    stub, solution = (
        definitions(path.read_text(encoding="utf-8")) for path in (exercise.handed_out, exercise.solution)
    )
    for step in exercise.steps:
        if step not in stub or step not in solution:
            yield f"step {step} is not defined in both the stub and the solution"
        elif _interface(stub[step]) != _interface(solution[step]):
            yield f"step {step} has another signature in the solution than in the stub"
        elif TASK in (ast.get_docstring(stub[step]) or TASK):
            yield f"step {step} has no text in the stub"
    if tuple(name for name in stub if name in exercise.steps) != exercise.steps:
        yield "the steps of the stub stand in another order than in the catalogue"
    for each in compare(exercise, exercise.handed_out.read_text(encoding="utf-8")):
        if not each.why:
            yield f"step {each.step} of the solution has no comment that says why it is done so"
    if IDEA in exercise.handed_out.read_text(encoding="utf-8"):
        yield "the stub does not say yet what the exercise is about"
    yield from _in_the_checks(exercise)
    yield from _in_the_probe(exercise)
    yield from _in_the_hints(exercise)
    yield from _in_the_answers(exercise)
    yield from in_the_borders(exercise)


def _interface(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.FunctionDef):
        return f"{ast.unparse(node.args)} -> {ast.unparse(node.returns) if node.returns else ''}"
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")]
    return "; ".join(sorted(_interface(each) for each in methods))


def _in_the_checks(exercise: Exercise) -> Iterator[str]:
    for check in known_checks(exercise):
        if check.step not in exercise.steps:
            yield f"{check.name} belongs to no step"
        if check.headline == check.name:
            yield f"{check.name} has no docstring"
    checked = {check.step for check in known_checks(exercise)}
    yield from (f"step {step} has no check" for step in exercise.steps if step not in checked)


def _in_the_probe(exercise: Exercise) -> Iterator[str]:
    text = exercise.checks.read_text(encoding="utf-8")
    for name, probe in probes(exercise).items():
        if f"probe.{name}(" in text and not probe.told:
            yield f"the probe {name} has no sentence that tells a learner what it does"
        for field in {field for _, field, _, _ in Formatter().parse(probe.told) if field} - set(probe.parameters):
            yield f"the sentence of the probe {name} speaks of {field}, which is none of its parameters"


def _in_the_hints(exercise: Exercise) -> Iterator[str]:
    found = hints(exercise)
    for step in exercise.steps:
        if len(found.get(step, ())) != LEVELS:
            yield f"step {step} has {len(found.get(step, ()))} hints, not {LEVELS}"
    for step in found.keys() - set(exercise.steps):
        yield f"there are hints for {step}, which is no step"


def _in_the_answers(exercise: Exercise) -> Iterator[str]:
    wrong, right = answers(exercise.wrong_answers), answers(exercise.right_answers)
    if len(right) < MIN_RIGHT_ANSWERS:
        yield f"{len(right)} right answers of another shape, at least {MIN_RIGHT_ANSWERS} are needed"
    for path in [*wrong, *right]:
        if not path.read_text(encoding="utf-8").startswith("# "):
            yield f"{path.parent.name}/{path.name} does not begin with a comment"
    for path in wrong:
        try:
            misconceptions.find(path.stem.partition("--")[0])
        except UsageError as error:
            yield str(error)
    for name in sorted(named_by(exercise) - {path.stem.partition("--")[0] for path in wrong}):
        yield f"the checks name {name}, but no wrong answer meets it"


def leftovers() -> list[str]:
    """Return the files that belong to no exercise, and the misconceptions that nobody meets."""
    owned = {
        path
        for each in exercises()
        for path in (each.handed_out, each.solution, each.checks, each.probe, each.hints, each.borders)
    }
    of, answered = places.curriculum(), places.for_authors("answers")
    owned.add(of.borders / "kinds.toml")
    folders = (of.stubs, of.solutions, of.checks, of.probes, of.hints, of.borders)
    stray = [
        path
        for folder in folders
        for path in sorted(folder.glob("[!_]*"))
        if (path not in owned and path.suffix != ".md")
        or (path.suffix == ".md" and folder.name == "hints" and path not in owned)
    ]
    stray += [path for path in sorted(answered.glob("*")) if path.name not in {each.name for each in exercises()}]
    met = {path.stem.partition("--")[0] for path in answered.glob("*/wrong/*.py")}
    met |= {row.misconception for row in recognised.rows()}  # a test raises each of them
    known, shown = misconceptions.misconceptions().keys(), {path.stem for path in of.examples.glob("*.txt")}
    return [
        *(f"{path.relative_to(places.checkout())} belongs to no exercise" for path in stray),
        *(f"misconception {name} has no wrong answer" for name in sorted(known - met)),
        *(f"misconception {name} has no example" for name in sorted(known - shown)),
        *(f"the example {name} belongs to no misconception" for name in sorted(shown - known)),
        *(f"questions.toml does not say what {name} asks" for name in sorted(known - questions().keys())),
        *(f"the question {name} belongs to no misconception" for name in sorted(questions().keys() - known)),
    ]
