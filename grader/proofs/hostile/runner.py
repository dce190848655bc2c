"""Proves that the sandbox holds: grades the hostile corpus among decoys, and looks at what became of them.

Run by `tox -e hostile`. Every attack aims only at what grader/decoys.py made for it.
"""

from __future__ import annotations

import argparse
import ctypes
import io
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata
import xml.etree.ElementTree
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import track

from grader.catalogue import places
from grader.errors import GraderError
from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.overlay import lay_over
from grader.judging.source import Source, read_source
from grader.proofs.hostile import to_hostile
from grader.proofs.hostile.corpus import Attack, Result, attacks
from grader.proofs.hostile.decoys import Decoys
from grader.proofs.tools.processes import family
from grader.reports import to_terminal
from grader.reports.to_json import from_json, to_json
from grader.reports.to_junit import to_junit
from grader.sandbox.parent import launch
from grader.verdict import Outcome, Verdict

FAULT = "fault of the grader"
BROKE_BY_ITSELF = "its process broke"
PAINTED = re.compile(r"^.?✓ \d of \d steps passed", re.MULTILINE)  # what a verdict ends with, where it begins a line
TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # the direction of what follows
SEED = 1
WIDTH = 160
WIDTHS = (80, 100, 120, WIDTH)
LIMITS = Limits(call=1.0, exercise=2.0)
SECONDS_AT_MOST = 60.0  # for a grading, and one more where the machine seemed busy; what has no end takes longer
SECONDS_TO_CLEAN_UP = 90.0  # nobody waits for it but this proof
SECONDS_FOR_A_COMMAND = 120.0
PR_SET_CHILD_SUBREAPER = 36


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the corpus, print a table, and return 0 where every attack ended as expected, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m grader.proofs.hostile", description=__doc__)
    parser.add_argument("names", nargs="*", help="run only the attacks whose file names hold one of these")
    options = parser.parse_args(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    if sys.platform != "linux":
        console.print("The corpus is run on Linux only: elsewhere there is no sandbox that could stop it.")
        return 0
    started = time.perf_counter()
    with Arena() as arena:
        chosen = attacks(options.names)
        watched = track(chosen, "attacking", console=console, transient=True, disable=not console.is_terminal)
        results = [arena.run(attack) for attack in watched]
        console.print(to_hostile.table(results, arena.isolation, time.perf_counter() - started))
    return int(not all(result.as_expected for result in results))


class Arena:
    """One warm grader among decoys: runs attacks one after the other. Use as a context."""

    def __init__(self) -> None:
        self._decoys = Decoys()
        self._kept = tempfile.tempdir
        # Torch makes itself a folder when an optimizer is preloaded: it is not one that a grading has left.
        self._of_torch = tempfile.TemporaryDirectory()
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = self._of_torch.name
        # Orphans come to this process, so that none is overlooked.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        tempfile.tempdir = str(self._decoys.scratch)
        os.environ["TOKEN"] = self._decoys.token
        self._launcher = launch.start("cpu")
        self._launcher.expect(more=True)
        self._own = set(family(os.getpid()))
        self._strict = Grader("cpu", LIMITS, self._launcher)
        self._honest = Grader("cpu", Limits(), self._launcher)
        self.isolation: tuple[str, ...] = ()

    def __enter__(self) -> Arena:
        return self

    def __exit__(self, *_: object) -> None:
        self._launcher.close()
        os.environ.pop("TOKEN", None)
        os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)
        self._of_torch.cleanup()
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        tempfile.tempdir = self._kept
        self._decoys.__exit__()

    def run(self, attack: Attack) -> Result:
        """Grade one hostile submission, then the solution, and look at everything around."""
        started = time.perf_counter()
        source = self._prepare(attack)
        try:
            verdict = self._by_command(attack, source) if attack.by_command else self._grade(attack, source)
        except Exception as fault:  # the command line would call each of them a fault of the grader
            said = f"{type(fault).__name__}: {fault}"
            return Result(attack, FAULT, (said, *self._around(attack)), time.perf_counter() - started)
        took = time.perf_counter() - started
        late = [f"it took {took:.0f} s"] if took > SECONDS_AT_MOST and not attack.by_command else []
        read_out = () if attack.limit else self._read_out(verdict)
        troubles = (*_wrong_ending(attack, verdict), *late, *read_out, *self._around(attack))
        return Result(attack, verdict.outcome, troubles, time.perf_counter() - started)

    def _prepare(self, attack: Attack) -> Source:
        text = lay_over(attack.exercise.solution.read_text(encoding="utf-8"), self._decoys.aim(attack.text))
        path = self._decoys.learner / f"{attack.exercise.name}.py"
        path.write_text(text, encoding="utf-8")
        return read_source(path)

    def _grade(self, attack: Attack, source: Source) -> Verdict:
        verdict = self._strict.grade(attack.exercise, source, seed=SEED)
        outcomes = {check.outcome for step in verdict.steps for check in step.checks}
        if Outcome.TIMEOUT in outcomes and Outcome.TIMEOUT not in attack.endings:  # the machine may be busy
            verdict = self._honest.grade(attack.exercise, source, seed=SEED)
        self.isolation = verdict.isolation
        return verdict

    def _by_command(self, attack: Attack, source: Source) -> Verdict:
        """Grade as an instructor would who stands in the learner's folder, with everything that lies there."""
        command = [sys.executable, "-m", "grader", "exercise", attack.exercise.name, "--file", source.path.name]
        ran = subprocess.run(
            [*command, "--seed", str(SEED), "--json", "-"], cwd=source.path.parent, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(places.imported_from())}, timeout=SECONDS_FOR_A_COMMAND, check=False,
        )  # fmt: skip
        if ran.returncode not in (0, 1):
            raise GraderError(f"exit code {ran.returncode}: {ran.stderr.strip()[-500:]}")
        return from_json(ran.stdout)[0]

    def _read_out(self, verdict: Verdict) -> Iterator[str]:
        """Tell where something secret stands in what is shown of a verdict, and whether it can be shown at all."""
        try:
            shown = _shown(verdict)
        except Exception as error:
            yield f"the verdict cannot be shown: {type(error).__name__}: {error}"
            return
        yield from _painted(verdict)
        if self._decoys.token in shown:
            yield "the text of a decoy was read out"
        if self._decoys.secret_time in shown:
            yield "the time of a decoy was read out"

    def _around(self, attack: Attack) -> Iterator[str]:
        """Tell what is not as it was: the decoys, other processes, scratch folders, and the grader itself."""
        deadline = time.monotonic() + SECONDS_TO_CLEAN_UP
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.01)
        yield from left
        yield from self._decoys.touched()
        source = read_source(attack.exercise.solution)
        try:
            if not self._honest.grade(attack.exercise, source, seed=SEED).passed:
                yield "after it, the solution did not pass"
        except Exception as fault:
            yield f"after it, the solution could not be graded: {fault}"

    def _left(self) -> list[str]:
        """Return what is left of a grading: processes, and what lies where scratch folders are made."""
        files = [f"{path.name} is left where scratch folders are made" for path in self._decoys.scratch.iterdir()]
        running = sum(each not in self._own and each.pid != self._decoys.pid for each in family(os.getpid()))
        return [*files, *([f"{running} processes are left"] if running else [])]


def _wrong_ending(attack: Attack, verdict: Verdict) -> Iterator[str]:
    said = next((check.said for step in verdict.steps for check in step.checks if check.said), "")
    if verdict.outcome not in attack.endings:
        yield f"it ended as {verdict.outcome} ({said[:200]}), not as {' or '.join(sorted(attack.endings))}"
    everything = [check.said for step in verdict.steps for check in step.checks]
    if not any(attack.says in each for each in everything):
        yield f"it is said: {said[:200]}; not: {attack.says}"
    if not attack.breaks_itself and any(BROKE_BY_ITSELF in each for each in everything):
        yield f"it broke before it did any harm, or does not say that this is the harm: {said[:200]}"
    passed = [step.name for step in verdict.steps if step.outcome is Outcome.PASSED and step.name in attack.steps]
    if passed and Outcome.PASSED not in attack.endings:
        yield f"steps that it answers wrongly passed: {', '.join(passed)}"


def _shown(verdict: Verdict) -> str:
    """Return everything that people and programs are shown of a verdict."""
    texts = to_json([verdict]) + to_junit([verdict])
    xml.etree.ElementTree.fromstring(to_junit([verdict]))
    texts.encode()
    return texts + _screen(verdict, WIDTH)


def _screen(verdict: Verdict, width: int) -> str:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    Console(file=screen, width=width).print(to_terminal.report([verdict]))
    screen.seek(0)
    return screen.read()


def _is_obeyed(letter: str) -> bool:
    return letter != "\n" and (
        unicodedata.category(letter) in ("Cc", "Cs") or unicodedata.bidirectional(letter) in TURNS
    )


def _painted(verdict: Verdict) -> Iterator[str]:
    """Tell where a terminal would obey a submission, or show lines of its making as if they were the grader's."""
    for width in WIDTHS:
        screen = _screen(verdict, width)
        if obeyed := "".join(filter(_is_obeyed, screen)):
            yield f"a terminal is told {obeyed!r}"
        if len(PAINTED.findall(screen)) > verdict.passed:
            yield f"a line of the submission's, at a width of {width}, looks like the end of a verdict"
