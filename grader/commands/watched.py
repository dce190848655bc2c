"""Shows how a batch goes on, to somebody who is watching: how many, how fast, how long still, and faults."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from grader.batch.task import Ended
    from grader.record.rows import Submission

Follow = Callable[["Submission", "Ended"], None]


@contextlib.contextmanager
def following(console: Console, total: int) -> Iterator[Follow]:
    """Yield what is told of each grading; where the output is no terminal, nothing is shown."""
    if not console.is_terminal:
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from grader.record.rows import State

    rate, faults_so_far = TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[faults]}")
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), rate,
               TimeRemainingColumn(), TextColumn("left"), faults_so_far)  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("grading", total=total, rate="", faults="")
        faults = 0

        def follow(_: Submission, ended: Ended) -> None:
            nonlocal faults
            faults += ended.state is State.FAULT
            task = progress.tasks[0]
            progress.update(
                bar, advance=1, rate=f"{task.speed:.1f}/s" if task.speed else "",
                faults=f"faults: {faults}" if faults else "",
            )  # fmt: skip
            if task.completed > (task.total or 0):  # what is tried once more comes on top
                progress.update(bar, description="once more", total=task.completed)

        yield follow
