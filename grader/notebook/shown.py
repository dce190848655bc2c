"""What stands below a cell: a value that notebooks show as HTML, terminals as text, and programs read as JSON."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from rich.console import Console, RenderableType

from grader.harmless import one_line
from grader.reports import to_html, to_terminal
from grader.reports.markup import Node, fragment, tag
from grader.verdict import SCHEMA_VERSION, Outcome, StepResult, Verdict

# Not application/json: JupyterLab and VS Code would show that in place of the HTML.
VERDICT = "application/vnd.pytorch-katas.verdict+json"
COLUMNS = 100


class Shown:
    """Something to read below a cell. `data` is what programs find in it, by its type."""

    def __init__(self, text: RenderableType, content: Iterable[Node], data: dict[str, Any] | None = None) -> None:
        self._text = plain(text)
        self._html = fragment(tag("style", _style()), *content, class_="katas")
        self._data = data or {}

    def __repr__(self) -> str:
        return self._text

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Return all forms, by type; IPython leaves out what is not wanted."""
        return {"text/plain": self._text, "text/html": self._html, **self._data}


@dataclass(frozen=True)
class Said:
    """What is to be said beside a verdict: what is amiss, what came along, how it was graded, and what comes next."""

    warnings: Sequence[str] = ()
    along: Sequence[str] = ()
    how: Sequence[str] = ()
    after: str = ""


class Graded(Shown):
    """A verdict on a cell: on one step of an exercise, or on all of it if `step` is empty.

    `verdict` has all that is known, and `passed` tells whether the step, or all of the exercise, did.
    """

    def __init__(self, verdict: Verdict, step: str, said: Said) -> None:
        self.verdict = verdict
        self.step = step
        report = plain(to_terminal.report([verdict], about=step))
        super().__init__(
            "\n\n".join(filter(None, ["\n".join(map(one_line, (*said.warnings, *said.along))), report, said.after])),
            _about_step(verdict, step, said) if step else _about_all(verdict, said),
            {VERDICT: {"schema": SCHEMA_VERSION, "verdicts": [verdict.to_dict()]}},
        )

    @property
    def passed(self) -> bool:
        """Whether all checks passed of what the cell was to be graded for."""
        return result(self.verdict, self.step).outcome is Outcome.PASSED if self.step else self.verdict.passed


def result(verdict: Verdict, step: str) -> StepResult:
    """Return how one step ended."""
    return next(each for each in verdict.steps if each.name == step)


def _about_step(verdict: Verdict, step: str, said: Said) -> Iterator[Node]:
    """Yield what is to be said of one step, with the others folded up."""
    found, (passed, total) = result(verdict, step), verdict.score
    count = f" · {found.counted}" if found.outcome is not Outcome.PASSED else ""
    yield tag("p", tag("code", step), " ", to_html.state(found.outcome), count, class_="head")
    yield from _lines(said.warnings, "note")
    yield from _blocked(found)
    yield from to_html.failures(found, in_cell=True)
    yield from to_html.other_prints([found])
    yield from _lines(said.along, "dim")
    yield from _lines([said.after])
    number = verdict.exercise.partition("_")[0]
    summary = tag("summary", f"{number} {verdict.title}: {passed} of {total} steps pass")
    how = [*_lines(said.how, "dim"), *to_html.conditions(verdict)]
    yield tag("details", summary, to_html.steps_table(verdict), *how, class_="all")


def _blocked(found: StepResult) -> Iterator[Node]:
    """Yield what a step waits for, which no failure of its own says."""
    waits = [check.said for check in found.checks if check.outcome is Outcome.BLOCKED]
    if found.outcome is Outcome.BLOCKED:
        yield from _lines([f"It {waits[0]}." if waits else ""])


def _about_all(verdict: Verdict, said: Said) -> Iterator[Node]:
    yield tag("p", f"{verdict.exercise.partition('_')[0]} {verdict.title}", class_="head")
    yield from _lines(said.warnings, "note")
    yield from to_html.body(verdict)
    yield from _lines(said.along, "dim")
    yield from _lines([said.after])


def _lines(texts: Iterable[str], kind: str = "") -> Iterator[Node]:
    return (tag("p", *to_html.prose(one_line(text)), class_=kind) for text in texts if text)


@functools.cache
def _style() -> str:
    sheet = Path(__file__).with_name("cell.css").read_text(encoding="utf-8")
    return Template(sheet).substitute(verdict=to_html.style("verdict.css"))


def plain(text: RenderableType) -> str:
    """Return what a terminal of a usual width would show, without colours."""
    if isinstance(text, str):
        return text
    page = io.StringIO()
    # subtle: in a kernel, rich would show it by itself, and as HTML of its own
    console = Console(file=page, width=COLUMNS, highlight=False, force_terminal=False, force_jupyter=False)
    console.print(text)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")
