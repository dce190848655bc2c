"""The command line of the comparison, run by `tox -e peers`: parse, call, print, exit code."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from grader import __version__
from grader.catalogue import places
from grader.errors import GraderError, UsageError
from grader.proofs.peers import check50, gradescope, tables
from grader.proofs.peers.comparison import Comparison, Row, hostile, row
from grader.proofs.peers.environments import Environment, NotInstalled, environment
from grader.proofs.peers.measure import measure
from grader.proofs.peers.nbgrader import NBGRADER, Nbgrader
from grader.proofs.peers.otter import OTTER, Otter
from grader.proofs.peers.readme import placed
from grader.proofs.peers.record import Record
from grader.proofs.peers.submissions import EXERCISE, Submission, digest, submissions
from grader.proofs.peers.this_grader import OURS, ThisGrader
from grader.proofs.peers.tools import Description, Tool

DONE, NOT_CLEAN, USAGE, FAULT, INTERRUPTED = 0, 1, 2, 3, 130
ALL = (OURS, check50.RUN, check50.IMPORT, gradescope.WRAPPER, gradescope.IMPORT, NBGRADER, OTTER)


def main() -> int:
    """Measure, print the table, write it where it is asked for; return 1 where our own row is not clean."""
    options = _options()
    try:
        comparison = _compared(options)
        _print(options, comparison)
    except UsageError as error:
        return _complain(str(error), USAGE)
    except GraderError as error:
        return _complain(str(error), FAULT)
    except OSError as error:
        return _complain(f"{error.filename}: {error.strerror}", USAGE)
    except KeyboardInterrupt:
        return _complain("interrupted; --go-on begins where this ended", INTERRUPTED)
    return DONE if comparison.rows[0].clean else NOT_CLEAN


def _complain(text: str, code: int) -> int:
    print(f"peers: {text}", file=sys.stderr)
    return code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m grader.proofs.peers", description=__doc__)
    parser.add_argument(
        "--envs",
        type=Path,
        default=places.checkout() / ".tox/peers/tools",
        help="where the tools are installed",
    )
    parser.add_argument("--seed", type=int, default=1, help="what the hidden inputs are drawn from (1)")
    parser.add_argument("--go-on", action="store_true", help="go on with a run that was ended")
    parser.add_argument("--show", action="store_true", help="measure nothing, show what a run that was ended has found")
    parser.add_argument("--quick", action="store_true", help="only one wrong answer for each misconception")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table between the markers of this file")
    return parser.parse_args()


def _compared(options: argparse.Namespace) -> Comparison:
    home: Path = options.envs.resolve()
    home.mkdir(parents=True, exist_ok=True)
    tools, missing, versions = _tools(home, options.seed)
    given = submissions(quick=options.quick)
    record = Record(
        home / "measured.jsonl",
        {"seed": options.seed, "given": digest(given), **versions},
        go_on=options.go_on or options.show,
    )
    for line in () if options.show else measure(tools, given, record, home):
        print(line, file=sys.stderr, flush=True)
    trials = list(record.trials.values())
    rows = [
        Row(each, "", missing[each.package]) if each.package in missing else row(
            each, versions[each.package], [one for one in trials if one.tool == each.name], record.extras.get(each.name)
        )
        for each in ALL
    ]  # fmt: skip
    return Comparison(rows, hostile(trials), _about(given, options))


def _tools(home: Path, seed: int) -> tuple[list[Tool], dict[str, str], dict[str, str]]:
    """Return the tools that could be installed, why others could not, and versions by package."""
    made: dict[str, Environment] = {}
    missing: dict[str, str] = {}
    for package in dict.fromkeys(each.package for each in ALL if each.package):
        print(f"{package}: installing, or found", file=sys.stderr, flush=True)
        try:
            made[package] = environment(package, home)
        except NotInstalled as error:
            missing[package] = str(error)
    versions = {"": __version__, **{package: each.version(package) for package, each in made.items()}}
    return [_tool(each, made, seed) for each in ALL if each.package not in missing], missing, versions


def _tool(description: Description, made: dict[str, Environment], seed: int) -> Tool:
    if description is OURS:
        return ThisGrader(seed)
    installed = made[description.package]
    if description.package == "check50":
        return check50.Check50(installed, seed, description)
    if description.package == "gradescope-utils":
        return gradescope.Gradescope(installed, seed, description)
    return Nbgrader(installed, seed) if description is NBGRADER else Otter(installed, seed)


def _about(given: Sequence[Submission], options: argparse.Namespace) -> str:
    import torch

    chosen = " (of the wrong ones, one for each misconception)" if options.quick else ""
    return (
        f"Exercise {EXERCISE}, {len(given)} submissions{chosen}, each through every tool in turn. Seconds are medians, "
        f"memory is the peak of all processes (PSS). Python {platform.python_version()}, "
        f"torch {torch.__version__.partition('+')[0]}, {os.cpu_count()} processors, seed {options.seed}."
    )


def _print(options: argparse.Namespace, comparison: Comparison) -> None:
    markdown = tables.to_markdown(comparison)
    if options.markdown:
        sys.stdout.write(markdown)
    else:
        Console(highlight=False).print(tables.to_terminal(comparison))
    if options.write:
        text = options.write.read_text(encoding="utf-8")
        options.write.write_text(placed(text, markdown), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
