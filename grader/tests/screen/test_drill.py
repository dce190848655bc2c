"""The screen of `drill`: keys, answers, choices, and what is kept when somebody leaves."""

import asyncio

import pytest
from textual.widgets import Input, Static

from grader.learning.practice.choosing import Item
from grader.learning.practice.round import Round
from grader.learning.practice.screen import DrillApp
from grader.record.practised import History, Practised
from grader.tests.practice import WrittenDown, real

TYPED, CHOSEN = "leaf-lost-by-to", "detached-returned"


class Broken(WrittenDown):
    """Sessions whose process has ended."""

    def outcomes(self, name):
        """Tell nothing."""
        raise RuntimeError("it ended")


@pytest.fixture
def play(tmp_path):
    """Play a scene on the screen; return the app, and what was kept."""

    def play(scene, *names, size=(80, 24), sessions=None):
        practised = Practised(tmp_path / "progress.sqlite3")
        drill = Round(
            [Item(name, True, 0.0) for name in names], sessions or WrittenDown(), practised, History(), seed=1
        )
        app = DrillApp(drill)

        async def played():
            async with app.run_test(size=size) as pilot:
                await settled(pilot)
                await scene(pilot)

        asyncio.run(played())
        return app, practised.history().drilled

    return play


async def settled(pilot):
    """Wait until nothing is under way."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot, *keys):
    await pilot.press(*keys)
    await settled(pilot)


def text_of(pilot, name):
    return str(pilot.app.query_one(f"#{name}", Static).visual)


@pytest.mark.parametrize("size", [(80, 24), (40, 16)])
def test_an_answer_is_typed_and_judged(play, size):
    async def scene(pilot):
        assert pilot.app.query_one(Input).has_focus
        await press(pilot, *"False", "enter")
        assert "1 right" in text_of(pilot, "head")
        assert not pilot.app.query_one(Input).display
        await press(pilot, "enter")

    app, kept = play(scene, TYPED, size=size)
    assert [each.correct for each in kept] == [True]
    assert len(app.answered) == 1


def test_a_choice_is_a_key(play):
    async def scene(pilot):
        choices = pilot.app._asked.choices
        await press(pilot, "ab"[choices.index(real(CHOSEN))])
        assert "1 right" in text_of(pilot, "head")

    assert [each.correct for each in play(scene, CHOSEN)[1]] == [True]


def test_other_keys_are_no_choice(play):
    async def scene(pilot):
        await press(pilot, "c", "enter", "x")
        assert "0 right" in text_of(pilot, "head")

    app, kept = play(scene, CHOSEN)
    assert (app.answered, kept) == ([], ())


def test_a_question_mark_gives_up(play):
    async def scene(pilot):
        await press(pilot, "question_mark", *([] if pilot.app._asked.choices else ["enter"]))

    for name in (TYPED, CHOSEN):
        assert not play(scene, name)[1][-1].correct


def test_who_leaves_keeps_what_was_answered(play):
    async def scene(pilot):
        await press(pilot, *"True", "enter")
        await press(pilot, "n")
        await press(pilot, "ctrl+c")

    app, kept = play(scene, TYPED, CHOSEN)
    assert [each.misconception for each in kept] == [TYPED]
    assert app.return_code == 0


def test_q_is_a_letter_in_an_answer_and_leaves_after_it(play):
    async def scene(pilot):
        await press(pilot, "q")
        assert pilot.app.is_running
        await press(pilot, "enter")
        await press(pilot, "q")
        assert pilot.app._exit

    play(scene, TYPED)


def test_where_the_sessions_end_it_leaves_with_that(play):
    async def scene(pilot):
        await pilot.press(*"True", "enter")
        await pilot.pause()

    app, kept = play(scene, TYPED, sessions=Broken())
    assert str(app.fault) == "it ended"
    assert kept == ()
