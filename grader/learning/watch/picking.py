"""The list from which the learner picks an exercise."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from grader.catalogue import catalogue
from grader.catalogue.catalogue import Exercise
from grader.learning.shown.to_overview import state
from grader.record.progress import State


class PickExercise(ModalScreen[str | None]):
    """Ends with the name of the exercise that was picked, or None."""

    CSS = "OptionList { height: 100%; border: none; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,l", "dismiss"), Binding("j", "down"), Binding("k", "up"),
    ]  # fmt: skip

    def __init__(self, states: dict[str, State], current: Exercise) -> None:
        super().__init__()
        self._states = states
        self._current = current

    def compose(self) -> ComposeResult:
        """Show a line for each exercise, the current one chosen."""
        everything = catalogue.own()
        picked = OptionList(*(Option(self._line(each), id=each.name) for each in everything))
        picked.highlighted = everything.index(self._current)
        yield picked

    def _line(self, exercise: Exercise) -> Text:
        head = Text(f"{exercise.number:02} {exercise.title}"[:44].ljust(46))
        return Text.assemble(head, f"{exercise.minutes:>3} min  ", state(self._states[exercise.name]), no_wrap=True)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """End with the one that was chosen."""
        self.dismiss(event.option.id)

    def action_down(self) -> None:
        """Go one line down."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Go one line up."""
        self.query_one(OptionList).action_cursor_up()
