"""Takes every submission through every tool, in turn, so that a noisy machine is noisy for all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.proofs.peers.commands import LIMIT, run
from grader.proofs.peers.record import Extra, Record, Trial
from grader.proofs.peers.submissions import Kind, Submission
from grader.proofs.peers.tools import Tool, printed_seconds

WARM_ROUNDS = 2
LOOKS = 3


def measure(tools: Sequence[Tool], given: Sequence[Submission], record: Record, home: Path) -> Iterator[str]:
    """Measure what the record does not hold yet; yield what was done, a line for each thing."""
    for tool in tools:
        tool.prepare(_emptied(home / "prepared" / _folder_name(tool)))
    for submission in given:
        for tool in tools:
            if _is_wanted(tool, submission, record):
                yield _one(tool, submission, record, home)
    for tool in tools:
        if tool.description.name not in record.extras:
            yield _extra(tool, [each for each in given if each.kind is Kind.RIGHT], record, home)


def _is_wanted(tool: Tool, submission: Submission, record: Record) -> bool:
    described = tool.description
    known = (described.name, submission.kind, submission.name) in record.trials
    return not known and not (submission.kind is Kind.HOSTILE and submission.name in described.cannot)


def _one(tool: Tool, submission: Submission, record: Record, home: Path) -> str:
    """Grade a submission. What speaks against another's tool has to happen twice: some attacks are a race."""
    trial = _graded(tool, submission, home)
    if not trial.is_as_expected and tool.description.package:
        again = _graded(tool, submission, home)
        trial = again if again.is_as_expected else trial
    record.add(trial)
    return f"{trial.tool}: {trial.kind} {trial.submission} {trial.ending}, {trial.seconds:.1f} s"


def _graded(tool: Tool, submission: Submission, home: Path) -> Trial:
    folder = _emptied(home / "work")
    work = tool.lay_out(folder, submission.text)
    seconds = run(work.command, work.folder, tool.environment(folder)).seconds
    return Trial(tool.description.name, submission.kind, submission.name, work.ending(), seconds)


def _extra(tool: Tool, right: Sequence[Submission], record: Record, home: Path) -> str:
    """Measure memory over a few right submissions, and seconds in one process where the tool can do that."""
    peaks = []
    for submission in right[:LOOKS]:
        folder = _emptied(home / "work")
        work = tool.lay_out(folder, submission.text)
        peaks.append(run(work.command, work.folder, tool.environment(folder), look=True).peak_mb)
    folder = _emptied(home / "work")
    warm = tool.warm(folder, [each.text for each in right] * WARM_ROUNDS)
    if warm:
        run(warm.command, warm.folder, tool.environment(folder), limit=LIMIT * len(right))
    extra = Extra(tool.description.name, printed_seconds(folder) if warm else [], max(peaks))
    record.add(extra)
    return f"{extra.tool}: warm {extra.warm_seconds}, {extra.peak_mb:.0f} MB"


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _folder_name(tool: Tool) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in tool.description.name)
