"""The list from which the learner picks an exercise, by moving or by searching."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from grader.catalogue.catalogue import Exercise
from grader.errors import UsageError
from grader.learning.search import Wanted, wanted
from grader.learning.shown.to_overview import bar, minutes_left, state
from grader.record.progress import State
from grader.units import duration

FOOT = "enter opens  / searches  esc goes back"
WIDTH = 54  # columns of number and title
EXAMPLES = "words, part:auto, state:open, misconception:NAME"


class PickExercise(ModalScreen[str | None]):
    """Ends with the name of the exercise that was picked, or None."""

    CSS = """
    OptionList { height: 1fr; border: none; }
    #below { height: 1; text-style: dim; }
    #search { display: none; height: 1; border: none; padding: 0; background: ansi_default; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back"), Binding("q,l", "dismiss"), Binding("j", "down"), Binding("k", "up"),
        Binding("slash", "search"),
    ]  # fmt: skip

    def __init__(self, way: Sequence[Exercise], states: dict[str, State], current: Exercise) -> None:
        super().__init__()
        self._way = way
        self._states = states
        self._current = current
        self._list = OptionList()
        self._search = Input(id="search", placeholder=EXAMPLES, select_on_focus=False, compact=True)
        self._below = Static(FOOT, id="below")

    def compose(self) -> ComposeResult:
        """Show a line for each exercise, the current one chosen."""
        yield self._list
        yield self._search
        yield self._below

    def on_mount(self) -> None:
        """Begin with all of them."""
        self._fill(Wanted())
        self._list.focus()

    def _fill(self, asked: Wanted) -> None:
        found = [each for each in self._way if asked.fits(each, (self._states[each.name],))]
        self._list.clear_options()
        self._list.add_options(list(self._lines(found)))
        names = [option.id for option in self._list.options]
        picked = self._current if self._current in found else next(iter(found), None)
        self._list.highlighted = names.index(picked.name) if picked else None
        self._say(len(found))

    def _lines(self, found: Sequence[Exercise]) -> Iterator[Option]:
        part = ""
        for each in found:
            if each.part != part:
                part = each.part
                yield Option(self._heading(part), disabled=True)
            yield Option(self._line(each), id=each.name)

    def _heading(self, part: str) -> Text:
        others = [each for each in self._way if each.part == part]
        left = minutes_left(others, self._states)
        name = Text.assemble((part, "bold"), (f"  {duration(left)} left" if left else "", "dim"))
        name.pad_right(max(WIDTH + 8 - len(name), 1))
        return name + bar(others, self._states)

    def _line(self, exercise: Exercise) -> Text:
        head = Text(f"{exercise.number:02} {exercise.title}"[: WIDTH - 2].ljust(WIDTH))
        return Text.assemble(head, f"{exercise.minutes} min".ljust(8), state(self._states[exercise.name]), no_wrap=True)

    def _say(self, found: int) -> None:
        left = minutes_left(self._way, self._states)
        passed = sum(self._states[each.name] is State.PASSED for each in self._way)
        where = f"{passed} of {len(self._way)} passed, about {duration(left)} left"
        self._below.update(f"{found} found  {where}" if found < len(self._way) else f"{where}  {FOOT}")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show those that are asked for; say what is not understood, and leave the list as it is."""
        try:
            self._fill(wanted(event.value))
        except UsageError as error:
            self._below.update(Text(str(error), no_wrap=True, overflow="ellipsis"))

    def on_input_submitted(self) -> None:
        """End with the one that was found, or go to the list of them."""
        found = [option.id for option in self._list.options if option.id]
        if len(found) == 1:
            self.dismiss(found[0])
        else:
            self._list.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """End with the one that was chosen."""
        self.dismiss(event.option.id)

    def action_search(self) -> None:
        """Take words."""
        self._search.display = True
        self._search.focus()

    def action_back(self) -> None:
        """Leave the search, with all of them shown again; leave the list where there is none."""
        if not self._search.display:
            self.dismiss(None)
            return
        self._search.display = False
        self._search.value = ""
        self._fill(Wanted())
        self._list.focus()

    def action_down(self) -> None:
        """Go one line down."""
        self._list.action_cursor_down()

    def action_up(self) -> None:
        """Go one line up."""
        self._list.action_cursor_up()
