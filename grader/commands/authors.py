"""The commands `audit` and `new`, for authors, and `doctor`, for everybody."""

from __future__ import annotations

import argparse
import os

from rich.console import Console
from rich.text import Text

from grader.called import program
from grader.catalogue import catalogue, places
from grader.catalogue.catalogue import Exercise
from grader.commands.options import add_launcher, count, from_here, seed_or_new
from grader.commands.speak import watched
from grader.errors import NoSuchDevice, UsageError
from grader.exit_code import ExitCode
from grader.judging.devices import DEVICES, is_available
from grader.sandbox.shared.policy import PRETEND
from grader.seeds import SEEDS, seed


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add these commands to the command line."""
    doctor = commands.add_parser("doctor", help="check this machine and what is installed")
    doctor.set_defaults(run=_doctor)
    audit = commands.add_parser("audit", help="prove the exercises themselves (for authors)")
    audit.add_argument("exercises", nargs="*", help="which exercises (default: all)")
    audit.add_argument("--changed", action="store_true", help="only those that the working tree changes")
    audit.add_argument("--seed", type=seed, help="the first seed")
    audit.add_argument("--seeds", type=count, default=1, metavar="N", help="how many seeds to try (1)")
    audit.add_argument("--mutants", action="store_true", help="also change each solution automatically (slow)")
    audit.add_argument("--afresh", action="store_true", help="prove again what was proved before and has not changed")
    audit.add_argument("--device", choices=[*DEVICES, PRETEND], default="cpu", help="where to grade (default: cpu)")
    audit.add_argument("--only", default="", metavar="PATTERN", help="only wrong answers of such a file name")
    audit.add_argument("--strict", action="store_true", help="a process of its own for each check")
    add_launcher(audit)
    audit.add_argument("--jobs", type=count, default=os.cpu_count() or 1, metavar="N", help="how many to run at once")
    audit.set_defaults(run=_audit)
    new = commands.add_parser("new", help="make the files of a new exercise (for authors)")
    new.add_argument("number", type=count, help="its number")
    new.add_argument("slug", help="its name in file names, such as leaf_and_grad")
    new.add_argument("--title", help="its title (default: from the slug)")
    new.add_argument("--part", default="New", help="the part of the curriculum that it belongs to")
    new.add_argument("--steps", nargs="+", default=["first_step", "second_step"], metavar="NAME", help="its steps")
    new.set_defaults(run=_new)


def _audit(options: argparse.Namespace, console: Console) -> int:
    places.checkout()
    chosen = [catalogue.find(name) for name in options.exercises] or catalogue.exercises()
    if options.changed and not (chosen := _changed(console)):
        return ExitCode.ALL_PASSED
    first = seed_or_new(options.seed)
    from grader.proofs import audit, reading, to_audit

    seeds = [(first + offset) % SEEDS for offset in range(options.seeds)]
    how = audit.How(options.afresh, options.strict, options.launcher, options.device, options.only)
    _require(options.device)
    if options.only and not audit.chosen_answers(chosen, options.only):
        raise UsageError(f"no wrong answer of these exercises has a file name like {options.only!r}")
    findings = audit.audit_all(chosen, seeds, options.jobs, how, with_mutants=options.mutants)
    found = list(watched(findings, len(chosen), "auditing", console))
    stray = [] if options.exercises else reading.leftovers()
    console.print(to_audit.audit(found, stray, seeds))
    clean = not stray and all(each.clean for each in found)
    return ExitCode.ALL_PASSED if clean else ExitCode.NOT_ALL_PASSED


def _require(device: str) -> None:
    """Compile the pretended accelerator where it is asked for; raise UsageError for a device that is not here."""
    if device == PRETEND:
        from grader.proofs.accelerator import building

        building.build()
    elif not is_available(device):
        raise NoSuchDevice(f"there is no {device} on this machine; `{program()} doctor` shows the devices")


def _changed(console: Console) -> tuple[Exercise, ...]:
    """Return the exercises that were changed; say what else was."""
    from grader.proofs.changed import changed

    found = changed()
    if found.shared:
        console.print(f"Changed and shared by all checks: {len(found.shared)} files; the full audit proves this.")
    if not found.exercises:
        console.print("No exercise was changed.")
    return found.exercises


def _new(options: argparse.Namespace, console: Console) -> int:
    from grader.proofs import new_exercise

    title = options.title or options.slug.replace("_", " ").capitalize()
    made = new_exercise.make(options.number, options.slug, title, options.part, options.steps)
    for path in made:
        console.print(Text(str(from_here(path))), soft_wrap=True)
    console.print(f"`{program()} audit {options.number}` tells what is missing; CONTRIBUTING.md says how to write it.")
    return ExitCode.ALL_PASSED


def _doctor(_: argparse.Namespace, console: Console) -> int:
    from grader import doctor
    from grader.learning.shown import to_examination

    found = doctor.examine(console)
    console.print(to_examination.examination(found))
    return ExitCode.NOT_ALL_PASSED if any(each.broken for each in found) else ExitCode.ALL_PASSED
