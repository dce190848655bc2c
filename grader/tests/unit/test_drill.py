"""A round: what is shown before an answer and after it, what is kept, and the three ways to answer."""

import io
import json
import time

import pytest
from rich.console import Console

from grader.catalogue.questions import questions
from grader.errors import UsageError
from grader.learning.practice import plain, protocol
from grader.learning.practice.choosing import Item, Wish, find_part, within_reach
from grader.learning.practice.round import Round, is_chosen
from grader.learning.shown import to_drill
from grader.record.practised import History, Practised
from grader.tests.practice import DAY, NOON, WrittenDown, attempt, met, real

TYPED, CHOSEN, RAISES = "leaf-lost-by-to", "detached-returned", "item-on-many"


@pytest.fixture
def practised(tmp_path):
    return Practised(tmp_path / "progress.sqlite3")


@pytest.fixture
def begin(practised):
    def begin(*names):
        items = [Item(name, True, 0.0) for name in names]
        return Round(items, WrittenDown(), practised, History(), clock=lambda: NOON, seed=1)

    return begin


def test_the_answer_is_not_in_the_question(begin):
    asked = begin(TYPED).ask()
    assert asked.line == ">>> moved.is_leaf"
    assert "False" not in asked.session
    assert "backward" not in asked.session  # what comes later would tell, too


def test_a_comment_that_gives_the_answer_away_is_left_out(begin):
    assert begin("erases-d-gradients").ask().line == ">>> w.grad"


def test_a_right_answer_is_kept_and_comes_again(begin, practised):
    drill = begin(TYPED)
    drill.ask()
    told = drill.answer(" False ")
    assert told.right
    assert told.due > NOON
    assert [(each.misconception, each.correct) for each in practised.history().drilled] == [(TYPED, True)]
    assert drill.ask() is None


def test_the_answer_of_the_misconception_is_told_as_such(begin, practised):
    drill = begin(TYPED)
    drill.ask()
    told = drill.answer("True")
    assert (told.right, told.fell_for_it, told.real) == (False, True, "False")
    assert not practised.history().drilled[0].correct


def test_giving_up_is_kept_as_not_known(begin, practised):
    drill = begin(RAISES)
    drill.ask()
    told = drill.answer("?")
    assert (told.right, told.fell_for_it) == (False, False)
    assert told.real.startswith("RuntimeError: ")
    assert not practised.history().drilled[0].correct


def test_long_outputs_are_chosen_by_letter_or_text(begin):
    for given in (lambda asked: "ab"[asked.choices.index(real(CHOSEN))], lambda _: real(CHOSEN)):
        drill = begin(CHOSEN)
        asked = drill.ask()
        assert sorted(asked.choices) == sorted([real(CHOSEN), *questions()[CHOSEN].believed])
        assert drill.answer(given(asked)).right


def test_a_letter_that_is_no_choice_leaves_the_question_open(begin, practised):
    drill = begin(CHOSEN)
    asked = drill.ask()
    with pytest.raises(UsageError, match="a or b"):
        drill.answer("c")
    assert practised.history().drilled == ()
    assert drill.ask() is asked


class Nowhere:
    """A record that keeps nothing: five hundred writings take long."""

    def keep_answer(self, answer):
        """Keep nothing."""


def test_each_question_can_be_shown_and_its_own_answer_is_right():
    names = [name for name, each in questions().items() if not each.silent]
    drill = Round([Item(name, True, 0.0) for name in names], WrittenDown(), Nowhere(), History(), clock=lambda: NOON)
    console = Console(file=io.StringIO(), width=40)
    while asked := drill.ask():
        told = drill.answer(real(asked.misconception.id))
        assert told.right, asked.misconception.id
        if asked.number % 40 == 0:  # colours take long
            console.print(to_drill.question(asked), to_drill.told(asked, told, NOON))
    assert drill.right == len(names) >= 500


def test_a_choice_tells_by_its_form_which_it_is_in_no_question():
    """What raises is typed, since an error among outputs would stand out."""
    chosen = [each for each in questions().values() if not each.silent and is_chosen(each)]
    assert chosen
    assert [each.misconception for each in chosen if "Traceback" in real(each.misconception)] == []


def answered(monkeypatch, lines):
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))


def test_line_by_line(begin, monkeypatch):
    answered(monkeypatch, "False\nc\na\n")
    console = Console(file=io.StringIO(), width=80)
    plain.run(drill := begin(TYPED, CHOSEN), console)
    said = console.file.getvalue()
    assert "✓ Right." in said
    assert "a or b" in said
    assert f"{drill.right} of 2 right." in said


def test_line_by_line_it_ends_with_the_input(begin, monkeypatch, practised):
    answered(monkeypatch, "False\n")
    console = Console(file=io.StringIO(), width=80)
    plain.run(begin(TYPED, RAISES), console)
    assert "1 of 1 right. Not asked: 1." in console.file.getvalue()
    assert len(practised.history().drilled) == 1


def test_for_programs(begin, monkeypatch, capsys):
    answered(monkeypatch, 'no\n[]\n{"answer": 7}\n\n{"answer": "False"}\n{"answer": "7.0"}\n')
    protocol.run(begin(TYPED, RAISES, CHOSEN))
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = ["question", "error", "error", "error", "verdict", "question", "verdict", "question", "end"]
    assert [each["type"] for each in said] == kinds
    assert [each["right"] for each in said if each["type"] == "verdict"] == [True, False]
    assert said[6]["believed"]
    assert said[-1] == {"type": "end", "answered": 2, "right": 1, "of": 3}


def test_programs_can_leave(begin, monkeypatch, capsys):
    answered(monkeypatch, '{"quit": true}\n{"answer": "False"}\n')
    protocol.run(begin(TYPED))
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["answered"] == 0


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(misconception="no-sigmoid"), "what you have not passed or met yet: exercise 32"),
        (Wish(misconception="ready-made-loss"), "asks nothing: "),
        (Wish(part="Modules"), "nothing to drill in the part Modules yet"),
    ],
)
def test_a_wish_that_cannot_be_met_is_explained(wish, said):
    with pytest.raises(UsageError, match=said):
        within_reach(History(attempts=(attempt(),)), wish, NOON)


def test_a_wish_for_an_exercise_that_was_not_begun(exercise):
    with pytest.raises(UsageError, match="have not begun exercise 05"):
        within_reach(History(), Wish(exercise=exercise), NOON)


def test_a_wish_narrows_what_is_asked(exercise):
    history = History(
        (attempt(), attempt("06_backward"), attempt("03_memory_sharing", outcome="failed")), (met("view-is-copy"),)
    )
    names = {each.misconception for each in within_reach(history, Wish(exercise=exercise), NOON)}
    assert TYPED in names
    assert "view-is-copy" not in names


@pytest.mark.parametrize(
    ("name", "found"), [("gan", "Monitoring, GAN, Ignite"), ("Tens", "Tensors"), ("data and", "Data and training")]
)
def test_a_part_by_any_clear_name(name, found):
    assert find_part(name) == found


@pytest.mark.parametrize("name", ["", "a", "Nothing"])
def test_a_part_that_is_not_clear(name):
    with pytest.raises(UsageError, match="the parts are Tensors"):
        find_part(name)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (60.0, "soon"),
        (1.5 * 60 * 60, "today"),
        (DAY, "tomorrow"),
        (5 * DAY, "in 5 days"),
        (99 * DAY, "on 2026-12-"),
        (-DAY, "now"),
    ],
)
def test_when_it_comes_again(later, said, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert to_drill.when(NOON + later, NOON).startswith(said)
