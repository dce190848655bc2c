"""`%drill` and `%answer`: questions below a cell, about what was met and passed in this notebook or workspace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Group, RenderableType

from grader.errors import UsageError
from grader.learning.practice import choosing, protocol
from grader.learning.practice.choosing import Wish
from grader.learning.practice.round import GIVEN_UP, LETTERS, Asked, Round, Told
from grader.learning.practice.sessions import Sessions
from grader.learning.shown import to_drill
from grader.notebook.orders import exercise_of, parsed, parser
from grader.notebook.shown import Shown
from grader.record.practised import Practised
from grader.reports.markup import Node, tag
from grader.reports.to_html import prose

DRILL = "application/vnd.pytorch-katas.drill+json"  # what a program finds in a question and in a verdict
ROUND = 10
GIVE_UP = "--give-up"  # a line that ends in a question mark asks IPython for help


class NotebookDrill:
    """The rounds of one kernel; the process that plays sessions begins with the first of them."""

    def __init__(self, record: Path, start: Callable[[], Sessions] = Sessions) -> None:
        self._record = record
        self._start = start
        self._sessions: Sessions | None = None
        self._round: Round | None = None
        self._asked: list[Asked] = []

    def close(self) -> None:
        """End what was started."""
        if self._sessions:
            self._sessions.__exit__()
            self._sessions = None

    def begin(self, line: str) -> Shown:
        """Begin a round, or show the question that is open; raise UsageError where there is nothing to ask."""
        if self._round and not line.strip() and (asked := self._round.ask()):
            return _shown(_question(asked))
        wish, most, ahead = _wished(line)
        practised, now = Practised(self._record), time.time()
        history = practised.history()
        reach = choosing.within_reach(history, wish, now)
        items = choosing.to_ask(reach, wish, now, ahead=ahead)[:most]
        if not items:
            raise UsageError(to_drill.nothing(reach, now, "%drill --ahead", "%katas"))
        if self._sessions and self._sessions.has_ended:
            self.close()
        self._sessions = self._sessions or self._start()
        self._asked, self._round = [], Round(items, self._sessions, practised, history)
        return _shown(self._next(self._round))

    def _next(self, drill: Round) -> Page:
        asked = drill.ask()
        if asked is None:
            return _end(self._asked, drill)
        self._asked.append(asked)
        return _question(asked)

    def answer(self, line: str) -> Shown:
        """Answer the open question; return what is said to it, with the next question."""
        if not self._round or not (asked := self._round.ask()):
            raise UsageError("no question is open; `%drill` asks one")
        told = self._round.answer(GIVEN_UP if line.strip() == GIVE_UP else line)
        return _shown(_told(asked, told), self._next(self._round))


def _wished(line: str) -> tuple[Wish, int, bool]:
    """Return what the line of the magic wishes for, how many questions, and whether what is due later is asked."""
    reader = parser("%drill", "%drill [--part NAME] [--exercise 05] [--misconception ID] [--count N] [--ahead]")
    for name in ("--part", "--exercise", "--misconception"):
        reader.add_argument(name, default="")
    reader.add_argument("--count", type=int, default=ROUND)
    reader.add_argument("--ahead", action="store_true")
    asked = parsed(reader, line)
    if asked.count < 1:
        raise UsageError("%drill: --count is 1 or more")
    exercise = exercise_of(asked.exercise) if asked.exercise else None
    return choosing.wished(asked.part, exercise, asked.misconception), asked.count, asked.ahead


@dataclass(frozen=True)
class Page:
    """What stands below a cell: for a terminal, for a notebook, and for programs."""

    text: RenderableType
    content: list[Node]
    data: dict[str, object] = field(default_factory=dict)


def _shown(*pages: Page) -> Shown:
    content = [node for page in pages for node in page.content]
    data = [page.data for page in pages if page.data]
    return Shown(Group(*(page.text for page in pages)), content, {DRILL: data})


def _question(asked: Asked) -> Page:
    how = f"`%answer` takes it: {to_drill.how_to_answer(asked, GIVE_UP)}"
    session = "\n".join(filter(None, (asked.session, asked.line)))
    choices = [
        tag("tr", tag("th", letter), tag("td", tag("pre", choice or to_drill.SILENCE)))
        for letter, choice in zip(LETTERS, asked.choices, strict=False)
    ]
    content: list[Node] = [
        tag("p", f"{asked.number} of {asked.of}: what is printed next?", class_="head"),
        tag("pre", session, class_="session"),
        *([tag("table", *choices)] if choices else []),
        tag("p", *prose(how), class_="dim"),
    ]
    return Page(Group(to_drill.question(asked), how), content, protocol.question(asked))


def _told(asked: Asked, told: Told) -> Page:
    found = asked.misconception
    word, kind = ("✓ right", "passed") if told.right else ("✗ not right", "failed")
    where = "; ".join(f"{each.number:02} {each.title}" for each in told.taught_in[:3])
    content: list[Node] = [
        tag("p", tag("span", word, class_=f"state {kind}"), f" {told.near} It was run just now, and printed:"),
        tag("pre", told.real or to_drill.SILENCE, class_="session"),
        tag("p", tag("strong", *prose(found.title))),
        tag("p", *prose(found.why)),
        *([tag("p", f"Taught in {where}", class_="dim")] if where else []),
    ]
    return Page(to_drill.told(asked, told, time.time()), content, protocol.verdict(asked, told))


def _end(asked: list[Asked], drill: Round) -> Page:
    missed = [each.misconception for each, told in zip(asked, drill.told, strict=True) if not told.right]
    items = [tag("li", tag("code", each.id), f" {each.title}") for each in missed]
    head = tag("p", f"{drill.right} of {len(drill.told)} right.", class_="head")
    return Page(to_drill.summary(asked, drill.told, drill.count), [head, *([tag("ul", *items)] if items else [])])
