"""The command line: parse, call, print, exit code; nothing else."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

from grader import catalogue
from grader.catalogue import Exercise
from grader.errors import GraderError, UsageError
from grader.progress import Progress, State
from grader.session import ALL, DEVICES, Session

if TYPE_CHECKING:
    from grader.verdict import Verdict

# What loads torch or pytest is imported by the commands that need it: `list` answers at once.

ALL_PASSED, NOT_ALL_PASSED, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130
SEEDS = 2**32

Item = TypeVar("Item")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. No traceback leaves here."""
    options = _parser().parse_args(arguments)
    to_people = Console(stderr=getattr(options, "json", None) == "-", highlight=False)
    try:
        run: Callable[[argparse.Namespace, Console], int] = options.run
        return run(options, to_people)
    except UsageError as error:
        return _complain(str(error), USAGE)
    except GraderError as error:
        return _complain(f"a fault of the grader, not of your code: {error}", FAULT)
    except KeyboardInterrupt:
        return _complain("interrupted; nothing is left running", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone; there is nobody to tell
        return NOT_ALL_PASSED
    except Exception as error:  # a defect of ours; still one line
        return _complain(f"a fault of the grader, not of your code: {type(error).__name__}: {error}", FAULT)


def _complain(text: str, code: int) -> int:
    print(f"grader: {text}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grader", description="PyTorch katas: grade your exercises.")
    parser.set_defaults(run=_where_am_i)
    commands = parser.add_subparsers(title="commands", metavar="")
    _exercise_command(commands.add_parser("exercise", help="grade one exercise"))
    _all_command(commands.add_parser("all", help="grade every exercise"))
    _list_command(commands.add_parser("list", help="show all exercises and where you stand"))
    _audit_command(commands.add_parser("audit", help="prove the exercises themselves (for authors)"))
    doctor = commands.add_parser("doctor", help="check this machine and what is installed")
    doctor.set_defaults(run=_doctor)
    return parser


def _exercise_command(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercise", help="5, 05, leaf_and_grad or a path")
    parser.add_argument("--file", type=Path, help="grade this file as that exercise")
    parser.add_argument("--svg", metavar="FILE", help="write the report as a picture")
    _grading_options(parser)
    parser.set_defaults(run=_exercise)


def _all_command(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--solutions", action="store_true", help="grade solutions/ in place of exercises/")
    _grading_options(parser)
    parser.set_defaults(run=_all)


def _grading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=[*DEVICES, ALL], default="cpu", help="where to run (default: cpu)")
    parser.add_argument("--seed", type=_seed, help="repeat the run with this seed")
    parser.add_argument("--json", metavar="FILE", help="write the verdict as JSON; - for standard output")
    parser.add_argument("--junit", metavar="FILE", help="write the verdict as JUnit XML")
    parser.add_argument("--call-limit", type=_seconds, default=10.0, metavar="S", help="seconds for one call (10)")
    parser.add_argument("--limit", type=_seconds, default=60.0, metavar="S", help="seconds for an exercise (60)")


def _list_command(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="whose passes to show (default: cpu)")
    parser.set_defaults(run=_list)


def _audit_command(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("exercises", nargs="*", help="which (default: every one)")
    parser.add_argument("--seed", type=_seed, help="the first seed")
    parser.add_argument("--seeds", type=_count, default=1, metavar="N", help="how many seeds to try (1)")
    parser.add_argument("--mutants", action="store_true", help="also change each solution automatically (takes long)")
    parser.add_argument("--jobs", type=_count, default=os.cpu_count() or 1, metavar="N", help="how many at once")
    parser.set_defaults(run=_audit)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= SEEDS:
        raise argparse.ArgumentTypeError(f"a seed is a number from 0 to {SEEDS - 1}, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"a number from 1 to 10000 is due, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"a number of seconds above 0 is due, not {text!r}")
    return seconds


def _where_am_i(_: argparse.Namespace, console: Console) -> int:
    from grader.render import to_overview

    states = _states(Progress(), "cpu")
    console.print(to_overview.overview(catalogue.exercises(), states))
    return ALL_PASSED


def _list(options: argparse.Namespace, console: Console) -> int:
    from grader.render import to_overview

    console.print(to_overview.listing(catalogue.exercises(), _states(Progress(), options.device)))
    return ALL_PASSED


def _states(progress: Progress, device: str) -> dict[str, State]:
    states = progress.states(catalogue.exercises(), device)
    if progress.complaint:
        _complain(progress.complaint, 0)
    return states


def _exercise(options: argparse.Namespace, console: Console) -> int:
    exercise = catalogue.find(options.exercise)
    verdicts = _grade(
        options, console, [(exercise, options.file or _from_here(exercise.stub))], keep=options.file is None
    )
    from grader.render import to_terminal

    console.print(to_terminal.report(verdicts))
    if options.svg:
        from grader.render.to_svg import to_svg

        _write(options.svg, to_svg(verdicts))
    return _finish(options, verdicts)


def _all(options: argparse.Namespace, console: Console) -> int:
    work = [(each, _from_here(each.solution if options.solutions else each.stub)) for each in catalogue.exercises()]
    verdicts = _grade(options, console, work, keep=not options.solutions)
    from grader.render import to_terminal

    console.print(to_terminal.summary(verdicts))
    return _finish(options, verdicts)


def _from_here(path: Path) -> Path:
    """Return the path as one would type it in the current folder."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _watched(work: Iterable[Item], total: int, doing: str, console: Console) -> Iterable[Item]:
    """Return the same, with a progress bar where somebody is watching and there is more than one."""
    if total < 2 or not console.is_terminal:
        return work
    from rich.progress import track

    return track(work, doing, total, console=console, transient=True)


def _grade(
    options: argparse.Namespace, console: Console, work: list[tuple[Exercise, Path]], *, keep: bool
) -> list[Verdict]:
    """Grade each file as its exercise; `keep` the attempts in the learner's record."""
    seed = secrets.randbelow(SEEDS) if options.seed is None else options.seed
    progress = Progress()
    verdicts: list[Verdict] = []
    with Session(options.device, options.call_limit, options.limit) as session:
        session.preload(work[0][0])
        for exercise, path in _watched(work, len(work), "grading", console):
            graded = session.grade(exercise, path, seed)
            verdicts += graded
            if keep:
                progress.record(exercise, graded)
    if progress.complaint:
        _complain(progress.complaint, ALL_PASSED)
    return verdicts


def _finish(options: argparse.Namespace, verdicts: list[Verdict]) -> int:
    from grader.render.to_json import to_json
    from grader.render.to_junit import to_junit

    for path, render in ((options.json, to_json), (options.junit, to_junit)):
        if path:
            _write(path, render(verdicts))
    return ALL_PASSED if all(verdict.passed for verdict in verdicts) else NOT_ALL_PASSED


def _write(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.write(text)
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _audit(options: argparse.Namespace, console: Console) -> int:
    chosen = [catalogue.find(name) for name in options.exercises] or catalogue.exercises()
    first = secrets.randbelow(SEEDS) if options.seed is None else options.seed
    from grader import audit
    from grader.render import to_overview

    seeds = [(first + offset) % SEEDS for offset in range(options.seeds)]
    findings = audit.audit_all(chosen, seeds, options.jobs, with_mutants=options.mutants)
    found = list(_watched(findings, len(chosen), "auditing", console))
    stray = [] if options.exercises else audit.leftovers()
    console.print(to_overview.audit(found, stray, first))
    return ALL_PASSED if not stray and all(each.clean for each in found) else NOT_ALL_PASSED


def _doctor(_: argparse.Namespace, console: Console) -> int:
    from grader import doctor
    from grader.render import to_overview

    found = doctor.examine()
    console.print(to_overview.examination(found))
    return NOT_ALL_PASSED if any(each.broken for each in found) else ALL_PASSED
