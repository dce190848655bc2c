"""What the first line of a magic asks for, read strictly: a complaint is one line."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from typing import NoReturn

from grader.catalogue.catalogue import Exercise, find, find_step
from grader.errors import UsageError
from grader.judging.devices import DEVICES
from grader.seeds import seed


@dataclass(frozen=True)
class Order:
    """What the first line of a cell asks for; `step` is empty for a whole exercise."""

    exercise: Exercise
    step: str = ""
    device: str = "cpu"
    seed: int | None = None
    define: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}")


def parser(name: str, usage: str) -> argparse.ArgumentParser:
    """Return a parser for the line of a magic, which complains in one line."""
    return _Parser(prog=name, usage=usage, add_help=False)


def parsed(reader: argparse.ArgumentParser, line: str) -> argparse.Namespace:
    """Read the line of a magic; raise UsageError for one that cannot be read."""
    try:
        return reader.parse_args(shlex.split(line, comments=True))
    except ValueError as error:
        raise UsageError(f"{reader.prog}: {str(error).lower()}") from None


def exercise_of(name: str) -> Exercise:
    """Return the exercise that is meant; raise UsageError, in words that fit a notebook, for none."""
    try:
        return find(name)
    except UsageError:
        raise UsageError(f"there is no exercise {name!r}; `%katas` lists them all") from None


def order(magic: str, line: str) -> Order:
    """Read what follows `%%step` or `%%kata`; raise UsageError for what cannot be meant."""
    is_step = magic == "step"
    reader = parser(f"%%{magic}", f"%%{magic} 05{' build_four' * is_step} [--seed N] [--device cpu] [--define]")
    reader.add_argument("exercise")
    if is_step:
        reader.add_argument("step")
    reader.add_argument("--seed", type=seed)
    reader.add_argument("--device", choices=DEVICES, default="cpu")
    reader.add_argument("--define", action="store_true")
    found = parsed(reader, line)
    exercise = exercise_of(found.exercise)
    step = find_step(exercise, found.step) if is_step else ""
    return Order(exercise, step, found.device, found.seed, found.define)
