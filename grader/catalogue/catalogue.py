"""Which exercises there are, and where everything of each lies. Number and slug give every path."""

from __future__ import annotations

import ast
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.called import program
from grader.catalogue import places
from grader.catalogue.mark import ALL, read_mark
from grader.errors import UsageError


@dataclass(frozen=True)
class Check:
    """A hidden check as its file declares it: its name, its step, and its docstring's first line.

    One that comes `last` is run only where the others of its step have passed: it takes long, and tells the learner
    nothing that a failure before it does not.
    """

    name: str
    step: str
    headline: str
    last: bool = False


@dataclass(frozen=True)
class Probe:
    """What runs beside a submission: its parameters after the submission, their defaults, and what tells of it.

    The sentence that tells what it did stands in its docstring, after `Told: `; see vocabulary/situation.py.
    """

    parameters: tuple[str, ...]
    told: str
    defaults: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise. `needs` maps a step to the steps it builds on; `preload` and `data` are for its child.

    With `graphs`, it is about what autograd records, which its failures then show. Whoever begins further on does, of
    each part before, the one that `stands_for_part`.
    """

    number: int
    slug: str
    title: str
    part: str
    minutes: int
    steps: tuple[str, ...]
    needs: dict[str, tuple[str, ...]]
    preload: tuple[str, ...]
    data: tuple[str, ...]
    stands_for_part: bool = False
    graphs: bool = False

    @property
    def name(self) -> str:
        """Number and slug, as every file of the exercise is named."""
        return f"{self.number:02}_{self.slug}"

    @property
    def stub(self) -> Path:
        """The file that the learner fills in."""
        return places.workspace().exercises / f"{self.name}.py"

    @property
    def review(self) -> Path:
        """The file that the learner fills in where the exercise was handed out once more; may be absent."""
        return places.workspace().review / f"{self.name}.py"

    @property
    def handed_out(self) -> Path:
        """The same file as the curriculum has it; in a checkout, the one that the learner fills in."""
        return places.curriculum().stubs / f"{self.name}.py"

    @property
    def solution(self) -> Path:
        """The same file, solved."""
        return places.curriculum().solutions / f"{self.name}.py"

    @property
    def checks(self) -> Path:
        """The hidden checks."""
        return places.curriculum().checks / f"test_{self.name}.py"

    @property
    def probe(self) -> Path:
        """What runs beside a submission; may be absent."""
        return places.curriculum().probes / f"{self.name}.py"

    @property
    def hints(self) -> Path:
        """Three hints for each step."""
        return places.curriculum().hints / f"{self.name}.md"

    @property
    def borders(self) -> Path:
        """The border values of every argument, each with the check that goes there; only a checkout has them."""
        return places.curriculum().borders / f"{self.name}.toml"

    @property
    def answers(self) -> Path:
        """The folder of known answers; only a checkout has it."""
        return places.for_authors("answers") / self.name

    @property
    def wrong_answers(self) -> Path:
        """The folder of known wrong answers."""
        return self.answers / "wrong"

    @property
    def right_answers(self) -> Path:
        """The folder of right answers of another shape; a package has these, too."""
        return places.curriculum().answers / self.name / "right"

    @property
    def readable(self) -> tuple[str, ...]:
        """Folders of data that a submission may read."""
        return tuple(str(places.curriculum().data / folder) for folder in self.data)


@functools.cache
def exercises() -> tuple[Exercise, ...]:
    """Return every exercise in order."""
    with (places.curriculum().tables / "curriculum.toml").open("rb") as file:
        rows = tomllib.load(file)["exercise"]
    return tuple(sorted((_exercise(row) for row in rows), key=lambda each: each.number))


def _exercise(row: dict[str, Any]) -> Exercise:
    lists = {key: tuple(row.get(key, ())) for key in ("steps", "preload", "data")}
    needs = {step: tuple(others) for step, others in row.get("needs", {}).items()}
    return Exercise(**{**row, **lists, "needs": needs})


def own() -> tuple[Exercise, ...]:
    """Return the exercises that the learner's workspace holds, in order; in a checkout, every one."""
    workspace = places.workspace()
    listed = read_mark(workspace).exercises
    try:
        return choose(listed)
    except UsageError:
        said = f"`exercises` in {workspace.mark} is {listed!r}, where something is no exercise of this version"
        raise UsageError(f"{said}; write numbers and ranges, such as 1-10,16, or {ALL}") from None


def choose(text: str) -> tuple[Exercise, ...]:
    """Return the exercises that a list of names and ranges means, such as `1-10,16`, or `all`."""
    if text.strip() == ALL:
        return exercises()
    chosen = {each for part in text.split(",") for each in _range(part.strip())}
    return tuple(each for each in exercises() if each in chosen)


def _range(text: str) -> tuple[Exercise, ...]:
    first, dash, last = (part.strip() for part in text.partition("-"))
    if not dash:
        return (find(first),)
    low, high = find(first).number, find(last).number
    if low > high:
        raise UsageError(f"the range {text} runs backwards")
    return tuple(each for each in exercises() if low <= each.number <= high)


def find(name: str) -> Exercise:
    """Return the exercise that a number, a slug, a file name or a path means; raise UsageError for none."""
    stem = Path(name).name.removesuffix(".py").removeprefix("test_")
    for each in exercises():
        if stem in (each.name, each.slug) or (stem.isdecimal() and stem.lstrip("0") == str(each.number)):
            return each
    raise UsageError(f"there is no exercise {name!r}; `{program()} list` shows them all")


def find_step(exercise: Exercise, name: str) -> str:
    """Return the step with this name, or with this number; raise UsageError for none."""
    by_number = {str(number): step for number, step in enumerate(exercise.steps, 1)}
    step = by_number.get(name.lstrip("0"), name)
    if step not in exercise.steps:
        raise UsageError(f"{exercise.name} has no step {name!r}; its steps are {', '.join(exercise.steps)}")
    return step


def find_file(name: str) -> tuple[Exercise, Path | None]:
    """Return the exercise that is meant, and the file where a path leads to another one than the exercise's own.

    Raise UsageError for a path that leads nowhere.
    """
    exercise, path = find(name), Path(name)
    if path.suffix != ".py" and len(path.parts) == 1:
        return exercise, None
    if path.exists():
        is_own = exercise.stub.exists() and path.samefile(exercise.stub)
        return exercise, None if is_own else path
    if len(path.parts) > 1 and path.absolute() != exercise.stub:
        raise UsageError(f"there is no file {name}")
    return exercise, None


def is_review(exercise: Exercise, path: Path | None) -> bool:
    """Return whether a file is the one in which the exercise was handed out once more."""
    return path is not None and path.exists() and exercise.review.exists() and path.samefile(exercise.review)


def find_own(name: str) -> Exercise:
    """Return the exercise that is meant; raise UsageError for a path to another file than its own."""
    exercise, other = find_file(name)
    if other:
        raise UsageError(
            f"{name} is not your file of exercise {exercise.number:02}, which is {exercise.stub}; "
            f"`{program()} exercise {exercise.number:02} --file {name}` grades it"
        )
    require_own(exercise)
    return exercise


def require_own(exercise: Exercise) -> None:
    """Raise UsageError for an exercise that the workspace was made without."""
    if exercise not in own():
        adds = f"`{program()} update --exercises {exercise.number}` adds it"
        raise UsageError(f"exercise {exercise.number:02} is not in this workspace; {adds}")


@functools.cache
def known_checks(exercise: Exercise) -> tuple[Check, ...]:
    """Return the checks that the exercise's file declares, read as text, so that a missing one is missed."""
    tree = ast.parse(exercise.checks.read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return tuple(_check(node) for node in found)


def _check(node: ast.FunctionDef) -> Check:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.step":
            last = any(each.arg == "last" and ast.literal_eval(each.value) for each in mark.keywords)
            return Check(node.name, str(ast.literal_eval(mark.args[0])), _headline(node), last)
    return Check(node.name, "", _headline(node))


def _headline(node: ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or node.name).partition("\n")[0]


@functools.cache
def probe_text(exercise: Exercise) -> str:
    """Return what is run beside a submission; empty where nothing is."""
    return exercise.probe.read_text(encoding="utf-8") if exercise.probe.exists() else ""


@functools.cache
def probes(exercise: Exercise) -> dict[str, Probe]:
    """Return the probes by name, read as text; nothing of them is imported here."""
    functions = (node for node in ast.parse(probe_text(exercise)).body if isinstance(node, ast.FunctionDef))
    return {node.name: _probe(node) for node in functions}


def _probe(node: ast.FunctionDef) -> Probe:
    named, only_by_name = [arg.arg for arg in node.args.args], [arg.arg for arg in node.args.kwonlyargs]
    given = [
        *zip(named[::-1], node.args.defaults[::-1], strict=False),
        *zip(only_by_name, node.args.kw_defaults, strict=True),
    ]
    sentence = " ".join((ast.get_docstring(node) or "").partition("\nTold: ")[2].split())
    defaults = {name: value.value for name, value in given if isinstance(value, ast.Constant)}
    return Probe((*named[1:], *only_by_name), sentence, defaults)
