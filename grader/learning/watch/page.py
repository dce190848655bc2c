"""The page that `watch` shows: a line above, one below, the rest between them; and what may go wrong there."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from grader.errors import traced
from grader.learning.watch.terminal import has_terminal, leave_closed
from grader.record.progress import Progress

TERMINAL_SECONDS = 2.0  # how often to see whether the terminal is still there
FOOT = "h hint  e explain  c compare  n next  p previous  l list  o edit  ? more  q quit"
LOOKING_UP = "looking up"  # one worker at a time

Found = TypeVar("Found")


class Page(App[None]):
    """Shows pages, and asks the learner's record; `complaint` is what is amiss with that already.

    What may wait (for a verdict, for the learner's record) does so in a worker, so that every key is heard at once.
    """

    CSS = """
    #head, #foot { height: 1; }
    #foot { text-style: dim; }
    #complaint { height: auto; max-height: 4; display: none; }
    #body { scrollbar-size-vertical: 1; }
    #shown { height: auto; }
    """
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, complaint: str = "") -> None:
        super().__init__(ansi_color=True)
        self._complaint = complaint  # about the learner's record, or the grader itself
        self._notice = ""  # beside a complaint
        # Held here, since a worker may end when the screen has them no more.
        self._top, self._shown, self._bottom = Static(id="head"), Static(id="shown"), Static(id="complaint")
        self._body = VerticalScroll(id="body")
        self._page: RenderableType = ""
        self.fault: Exception | None = None  # what ended it, where the learner did not
        self.traces = ""  # of what did not end it

    def compose(self) -> ComposeResult:
        """Lay out one line above, one below, and all the rest between them."""
        yield self._top
        with self._body:
            yield self._shown
        yield self._bottom
        yield Static(FOOT, id="foot")

    def on_mount(self) -> None:
        """Begin to look after the terminal."""
        self.theme = "ansi-dark"
        if sys.platform != "win32":  # there, closing the terminal ends whoever runs in it
            for number, leave in ((signal.SIGTERM, self.exit), (signal.SIGHUP, self._leave_closed_terminal)):
                asyncio.get_running_loop().add_signal_handler(number, leave)
        # After Ctrl-Z and `fg` the terminal is empty, and Textual draws only what changes.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self._body.focus()
        if not self.is_headless:
            self.set_interval(TERMINAL_SECONDS, self._leave_without_terminal)
        self._complain(self._complaint)

    def _leave_without_terminal(self) -> None:
        """Leave where the terminal was closed and nobody was told."""
        if not has_terminal():
            self._leave_closed_terminal()

    def _leave_closed_terminal(self) -> None:
        leave_closed(self.exit)

    def _show(self, shown: RenderableType) -> None:
        self._page = shown
        self._shown.update(shown)
        self._body.scroll_home(animate=False)

    def _complain(self, text: str) -> None:
        """Say above the keys what is amiss, below whatever is shown; say nothing where nothing is."""
        self._complaint = text
        self._draw_bottom()

    def _notify_below(self, text: str) -> None:
        """Say in the same place what is good to know, until something else is."""
        self._notice = text
        self._draw_bottom()

    def _draw_bottom(self) -> None:
        said = "\n".join(filter(None, (self._complaint, self._notice)))
        self._bottom.update(Text(said, style="yellow"))
        self._bottom.display = bool(said)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what went wrong behind the screen, and go on."""
        if event.state is WorkerState.ERROR and event.worker.error:
            self.traces += traced(event.worker.error)
            self._complain(f"a fault of the grader, not of your code: {event.worker.error}")

    def _handle_exception(self, error: Exception) -> None:
        """Leave with what went wrong on the screen itself; not Textual tells it, but whoever tells for all commands."""
        self.fault = self.fault or error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    async def _recorded(self, ask: Callable[[Progress], Found]) -> Found:
        """Ask the learner's record for something, in a thread since that may wait; say what is amiss with it."""
        progress = Progress()
        found = await asyncio.to_thread(ask, progress)
        self._complain(progress.complaint)
        return found

    @work(exclusive=True, group=LOOKING_UP, exit_on_error=False)
    async def _look_up(self, ask: Callable[[Progress], Found], show: Callable[[Found], None]) -> None:
        """Show what the learner's record answers, unless another page was turned to meanwhile."""
        page = self._page
        found = await self._recorded(ask)
        if page is self._page:
            show(found)
