"""`gradescope`, `classroom50`, `prairielearn`, `action`: files for other systems; `autograde` is what runs in them."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from grader import __version__, new_files
from grader.called import program
from grader.commands.options import add_chosen
from grader.exit_code import ExitCode

if TYPE_CHECKING:
    from grader.elsewhere.place import Place
    from grader.elsewhere.task import Task

PLATFORMS = ("gradescope", "classroom50", "prairielearn")
INSTALLED = f"pytorch-katas=={__version__}"
HERE = Path()


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    gradescope = commands.add_parser("gradescope", help="make the autograder of a Gradescope assignment")
    _add_making(gradescope, "ZIP", "a new zip")
    gradescope.set_defaults(run=_gradescope)
    classroom50 = commands.add_parser("classroom50", help="make the autograder of a Classroom 50 assignment")
    _add_making(classroom50, "DIR", "a new or an empty folder")
    _add_install(classroom50)
    classroom50.set_defaults(run=_classroom50)
    prairielearn = commands.add_parser("prairielearn", help="make an image and a question for PrairieLearn")
    _add_making(prairielearn, "DIR", "a new or an empty folder")
    prairielearn.add_argument("--image", required=True, metavar="NAME", help="the name that you push the image under")
    prairielearn.set_defaults(run=_prairielearn)
    action = commands.add_parser("action", help="make a GitHub workflow that grades on each push")
    _add_making(action, "DIR", "the folder of a repository, or a new one")
    _add_install(action)
    action.set_defaults(run=_action)
    grade = commands.add_parser("autograde", help="grade where one of these systems put a submission")
    grade.add_argument("platform", choices=PLATFORMS)
    grade.add_argument("--root", type=Path, metavar="DIR", help="the folder with all that the system's contract names")
    grade.add_argument("--task", type=Path, metavar="FILE", help="what to grade (default: where the contract has it)")
    grade.add_argument("--prove", action="store_true", help="see whether the solutions pass here, and grade nothing")
    grade.set_defaults(run=_autograde)


def _add_making(parser: argparse.ArgumentParser, kind: str, what: str) -> None:
    add_chosen(parser)
    parser.add_argument("--course", type=Path, metavar="TOML", help="points, limits, and what students are shown")
    parser.add_argument("--out", type=Path, required=True, metavar=kind, help=what)


def _add_install(parser: argparse.ArgumentParser) -> None:
    what = f"what pip installs there ({INSTALLED}); whoever may read the repository may read it, too"
    parser.add_argument("--install", default=INSTALLED, metavar="REQUIREMENT", help=what)


def _task(options: argparse.Namespace) -> Task:
    from grader.elsewhere import task

    return task.make(options.exercises, options.course)


def _gradescope(options: argparse.Namespace, console: Console) -> int:
    from grader.elsewhere import needs
    from grader.elsewhere.gradescope.made import made

    new_files.require_new(options.out)
    task = _task(options)
    new_files.write_new(options.out, made(task))
    return _told(console, f"{options.out} is the autograder of {_counted(task)}.", needs.to_order(task))


def _classroom50(options: argparse.Namespace, console: Console) -> int:
    from grader.elsewhere.classroom50.made import made

    task = _task(options)
    _write_folder(options.out, made(task, options.install))
    return _told(
        console, f"{options.out} holds what goes into CLASSROOM/autograders/ASSIGNMENT/ for {_counted(task)}.",
        "runtime.json is for `gh teacher assignment add --runtime`.",
    )  # fmt: skip


def _prairielearn(options: argparse.Namespace, console: Console) -> int:
    from grader.elsewhere.prairielearn.made import EXECUTABLE, made

    task = _task(options)
    _write_folder(options.out, made(task, options.image), EXECUTABLE)
    return _told(
        console, f"{options.out} holds an image and a question for {_counted(task)}.",
        f"Build the image: docker build -t {options.image} {options.out / 'image'}",
    )  # fmt: skip


def _action(options: argparse.Namespace, console: Console) -> int:
    from grader.elsewhere.github.made import made

    task = _task(options)
    new_files.write_tree(options.out, made(task, options.install))
    return _told(
        console, f"{options.out} holds a workflow for {_counted(task)}.",
        f"The repository has to be a workspace, as `{program()} kit` makes one.",
    )  # fmt: skip


def _write_folder(folder: Path, contents: Mapping[str, bytes], executable: Collection[str] = ()) -> None:
    new_files.make_folder(folder)
    new_files.write_tree(folder, contents, executable=executable)


def _counted(task: Task) -> str:
    count = len(task.assignments)
    return f"{count} exercise{'s' if count > 1 else ''} ({task.most:g} points)"


def _told(console: Console, *lines: str) -> int:
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    return ExitCode.ALL_PASSED


def _autograde(options: argparse.Namespace, console: Console) -> int:
    place = _place(options)
    if options.prove:
        return _prove(options.task or place.task, console)
    place.grade()
    return _told(console, f"The results are in {place.results}.")


def _place(options: argparse.Namespace) -> Place:
    from grader.elsewhere.classroom50.contract import Checkout
    from grader.elsewhere.gradescope import contract as gradescope
    from grader.elsewhere.prairielearn import contract as prairielearn
    from grader.elsewhere.task import FILE

    if options.platform == "gradescope":
        return gradescope.Container(options.root or gradescope.ROOT, options.task)
    if options.platform == "prairielearn":
        return prairielearn.Container(options.root or prairielearn.ROOT, options.task)
    return Checkout(options.root or HERE, options.task or HERE / FILE)


def _prove(task: Path, console: Console) -> int:
    """Grade the solutions; return 1 where one does not pass, so that no image is made that cannot grade."""
    from grader.elsewhere import graded
    from grader.elsewhere.task import read

    passed = True
    for each in graded.prove(read(task)):
        assert each.verdict
        passed &= each.verdict.passed
        _told(console, f"{each.assignment.exercise.name}: {each.verdict.outcome}, {', '.join(each.verdict.isolation)}")
    return ExitCode.ALL_PASSED if passed else ExitCode.NOT_ALL_PASSED
