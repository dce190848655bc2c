"""Options that several commands take, and how their values are read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from grader.catalogue.catalogue import Exercise, find_own
from grader.judging.clock import Limits
from grader.judging.devices import ALL, DEVICES
from grader.reports.formats import FORMATS
from grader.sandbox.parent.launch import Name, here
from grader.seeds import new_seed, seed


def add_exercise(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Let the command take an exercise."""
    parser.add_argument("exercise", nargs="?" if optional else None, help="5, 05, leaf_and_grad or a path")


class Chosen(argparse.Action):
    """Takes `05 16` as well as `1-10,16`."""

    def __call__(self, _: object, namespace: argparse.Namespace, values: object, __: object = None) -> None:
        """Keep the list as `choose` takes it."""
        setattr(namespace, self.dest, ",".join(map(str, values)) if isinstance(values, list) else values)


def add_chosen(parser: argparse.ArgumentParser) -> None:
    """Let the command take a list of exercises."""
    what = "only these, such as `05 16` or `1-10,16` (default: all)"
    parser.add_argument("--exercises", nargs="+", action=Chosen, default="all", metavar="LIST", help=what)


def add_first(parser: argparse.ArgumentParser) -> None:
    """Let the command take where the learner begins."""
    parser.add_argument(
        "--from",
        dest="first",
        metavar="05",
        help="begin there: of the parts before, one exercise each",
    )


def first_of(options: argparse.Namespace) -> Exercise | None:
    """Return where the learner begins; None for the first of all."""
    return None if options.first is None else find_own(options.first)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Let the command take the two limits of time."""
    usual = Limits()
    for flag, what, default in (("call-limit", "one call", usual.call), ("limit", "an exercise", usual.exercise)):
        parser.add_argument(
            f"--{flag}", type=seconds, default=default, metavar="S", help=f"seconds for {what} ({default:g})"
        )


def add_grading(parser: argparse.ArgumentParser, *, also: Sequence[str] = ()) -> None:
    """Let the command take all the options of grading, and devices that it has beside those of learners."""
    what = "where to run (default: cpu)"
    parser.add_argument("--device", choices=[*DEVICES, ALL, *also], default="cpu", help=what)
    parser.add_argument("--seed", type=seed, help="repeat the run with this seed")
    parser.add_argument("--strict", action="store_true", help="a process of its own for each check (for exams)")
    add_launcher(parser)
    for each in FORMATS:
        parser.add_argument(f"--{each.name}", metavar="FILE", help=f"write {each.what}; - for standard output")
    add_limits(parser)


def add_launcher(parser: argparse.ArgumentParser) -> None:
    """Let the command take the way in which the processes of submissions are started."""
    said = "start processes for submissions by fork (usual on Linux) or as is portable (usual elsewhere)"
    parser.add_argument("--launcher", type=launcher, metavar="NAME", help=said)


def launcher(text: str) -> Name:
    """Read a way of starting processes that this system has."""
    for name in here():
        if text == name:
            return name
    raise argparse.ArgumentTypeError(f"expected {' or '.join(here())}, not {text!r}")


def seed_or_new(given: int | None) -> int:
    """Return the seed that was given, or a new one."""
    return new_seed() if given is None else given


def count(text: str) -> int:
    """Read how many."""
    if not text.isdecimal() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 10000, not {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """Read a length of time."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, not {text!r}")
    return found


def from_here(path: Path) -> Path:
    """Return the path as you would type it in the current folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
