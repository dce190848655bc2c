"""The screen of `drill`: a question, a line to answer it in or keys to choose with, and what is said to the answer."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import ClassVar, TypeVar

from rich.console import Console, Group, RenderableType
from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Key
from textual.widgets import Input, Static

from grader.errors import UsageError
from grader.learning.practice.round import GIVEN_UP, LETTERS, Asked, Round
from grader.learning.shown import to_drill

TYPING = f"Enter answers  {GIVEN_UP} gives up  ctrl+c leaves"
CHOOSING = f"a, b … chooses  {GIVEN_UP} gives up  ctrl+c leaves"
Found = TypeVar("Found")
READING = "Enter or n goes on  ↑ ↓ scroll  q leaves"


class DrillApp(App[None]):
    """Asks the questions of a round, one at a time. What may wait for torch does so in a worker."""

    CSS = """
    #head, #foot { height: 1; }
    #foot { text-style: dim; }
    #body { scrollbar-size-vertical: 1; }
    #question, #verdict { height: auto; }
    #answer { height: 1; border: none; padding: 0; display: none; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "quit", priority=True), Binding("ctrl+z", "suspend_process"),
    ]  # fmt: skip

    def __init__(self, drill: Round) -> None:
        super().__init__(ansi_color=True)
        self._drill = drill
        self._asked: Asked | None = None
        self._is_open = False  # whether an answer is expected
        self._top, self._foot = Static(id="head"), Static(id="foot")
        self._question, self._verdict = Static(id="question"), Static(id="verdict")
        self._body = VerticalScroll(id="body")
        self._input = Input(id="answer", placeholder="answer", select_on_focus=False)
        self.answered: list[Asked] = []
        self.fault: BaseException | None = None

    def compose(self) -> ComposeResult:
        """Lay out one line above, one below, and all the rest between them."""
        yield self._top
        with self._body:
            yield self._question
            yield self._verdict
        yield self._input
        yield self._foot

    def on_mount(self) -> None:
        """Ask the first question."""
        self.theme = "ansi-dark"
        if sys.platform != "win32":  # so that a terminal is left as it was found
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self._next()

    @work(exclusive=True)
    async def _next(self) -> None:
        """Show the next question; leave after the last."""
        self._show(Text("torch is loading.", style="dim"), Text(), "", typing=False)
        asked = await self._waited(self._drill.ask)
        if asked is None:
            self.exit()
            return
        self._asked, self._is_open = asked, True
        self._top.update(Text(f"drill  {asked.number} of {asked.of}  {self._drill.right} right", style="bold"))
        self._input.value = ""
        foot = CHOOSING if asked.choices else TYPING
        hint = Text(f"({to_drill.how_to_answer(asked)})", style="dim")
        self._show(to_drill.question(asked), hint, foot, typing=not asked.choices)

    @work(exclusive=True)
    async def _answer(self, given: str) -> None:
        """Show what is said to an answer; the question stays where it was no choice."""
        asked = self._asked
        if asked is None:
            return
        self._is_open = False
        self._foot.update(Text("The session runs."))
        try:
            told = await self._waited(lambda: self._drill.answer(given))
        except UsageError as error:
            self._is_open = True
            self._foot.update(Text(str(error), style="yellow"))
            return
        if told is None:
            return
        self.answered.append(asked)
        self._top.update(Text(f"drill  {asked.number} of {asked.of}  {self._drill.right} right", style="bold"))
        yours = Text.assemble(("Your answer: ", "dim"), told.given or to_drill.SILENCE)
        page = Group(yours, to_drill.told(asked, told, time.time()))
        self._show(to_drill.question(asked), page, READING, typing=False)

    async def _waited(self, ask: Callable[[], Found]) -> Found | None:
        """Return what something that may wait answers; where it fails for good, leave with that."""
        try:
            return await asyncio.to_thread(ask)
        except UsageError:
            raise
        except Exception as error:
            self.fault = error
            self.exit()
            return None

    def _show(self, question: RenderableType, below: RenderableType, foot: str, *, typing: bool) -> None:
        """Show a question and what stands below it; where there is little room, the latter is what is seen."""
        self._question.update(question)
        self._verdict.update(below)
        self._foot.update(Text(foot, no_wrap=True, overflow="ellipsis"))
        self._input.display = typing
        self.set_focus(self._input if typing else self._body)
        self.call_after_refresh(self._scroll)

    def _scroll(self) -> None:
        if self._is_open:
            self._body.scroll_end(animate=False)
        else:
            self._body.scroll_to_widget(self._verdict, top=True, animate=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed as the answer."""
        if self._is_open:
            self._answer(event.value)

    def on_key(self, event: Key) -> None:
        """Take a key: a choice while a question is open, and after that the way on."""
        if self._is_open:
            asked = self._asked
            letters = LETTERS[: len(asked.choices)] if asked else ""
            if letters and event.character and event.character.lower() in (*letters, GIVEN_UP):
                self._answer(event.character)
        elif self._asked is not None and event.key in ("enter", "n", "space") and self._is_answered():
            self._next()
        elif event.key in ("q", "escape"):
            self.exit()

    def _is_answered(self) -> bool:
        return bool(self._asked) and self._asked in self.answered[-1:]


def run(drill: Round, console: Console) -> None:
    """Show the screen until the round is over or the learner leaves; then say on the terminal how it went."""
    for name in ("COLUMNS", "LINES"):  # as some programs export them; they would hold after a resize too
        os.environ.pop(name, None)
    app = DrillApp(drill)
    app.run()
    if app.fault:
        raise app.fault
    if drill.told:
        console.print(to_drill.summary(app.answered, drill.told, drill.count))
