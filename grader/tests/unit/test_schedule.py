"""What comes when: as FSRS says, from the rows of the record alone, whichever machine or clock they came from."""

import random
from datetime import UTC, datetime

import pytest
from fsrs import Card, Rating, Scheduler

from grader.catalogue.questions import questions
from grader.learning.practice import schedule
from grader.learning.practice.choosing import Wish, due_now
from grader.record.practised import Drilled, History
from grader.tests.practice import DAY, NOON, attempt, met

ONE = "view-is-copy"


def answers(*days, name=ONE, correct=True):
    return tuple(Drilled(NOON + day * DAY, name, correct, 3.0) for day in days)


def test_a_question_that_was_never_asked_is_not_scheduled():
    assert schedule.due(History(), NOON) == {}


def test_a_right_answer_comes_again_later_than_a_wrong_one():
    now = NOON + 9 * DAY
    right = schedule.due(History(drilled=answers(0, 1, 3)), now)[ONE]
    wrong = schedule.due(History(drilled=(*answers(0, 1), *answers(3, correct=False))), now)[ONE]
    assert wrong < right


def test_the_order_of_rows_does_not_matter():
    rows = [*answers(0, 1, 4), *answers(2, correct=False), *answers(1, 5, name="clone-shares")]
    expected = schedule.due(History(drilled=tuple(rows)), NOON + 9 * DAY)
    random.Random(0).shuffle(rows)
    assert schedule.due(History(drilled=tuple(rows)), NOON + 9 * DAY) == expected


def test_rows_of_two_machines_give_the_schedule_of_one():
    here, there = answers(0, 4), answers(1, 9)
    together = schedule.due(History(drilled=(*here, *there)), NOON + 20 * DAY)
    assert together == schedule.due(History(drilled=answers(0, 1, 4, 9)), NOON + 20 * DAY)


def test_with_a_clock_moved_back_nothing_waits_for_a_day_that_lies_ahead():
    history = History(drilled=answers(0, 1, 365))
    assert schedule.due(history, NOON + 2 * DAY)[ONE] < NOON + 40 * DAY
    assert schedule.ahead_of_the_clock(history, NOON + 2 * DAY) == NOON + 365 * DAY
    assert schedule.ahead_of_the_clock(history, NOON + 366 * DAY) == 0.0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_learner_over_sixty_days_is_asked_when_the_library_says(seed):
    """Somebody who drills every day, and forgets: the library's own cards, kept beside, are due at the same moments."""
    luck, library, cards = random.Random(seed), Scheduler(enable_fuzzing=False), {}
    history = History(attempts=(attempt("03_memory_sharing"), attempt()), met=(met(ONE), met("clone-shares")))
    asked = 0
    for day in range(60):
        now = NOON + day * DAY
        for item in due_now(history, Wish(), now)[:10]:
            now += 20.0
            correct = luck.random() < 0.8
            moment = datetime.fromtimestamp(now, UTC)
            card = cards.get(item.misconception) or Card(card_id=0, due=moment)
            assert card.due <= moment
            rating = Rating.Good if correct else Rating.Again
            cards[item.misconception], _ = library.review_card(card, rating, moment)
            drilled = (*history.drilled, Drilled(now, item.misconception, correct, 5.0))
            history = History(history.attempts, history.met, drilled)
            asked += 1
        due = schedule.due(history, now)
        assert due == {name: card.due.timestamp() for name, card in cards.items()}
    assert asked > 100
    assert max(schedule.due(history, now).values()) > now + 14 * DAY


def test_first_come_those_that_were_met_then_those_of_exercises_passed():
    history = History(attempts=(attempt(),), met=(met(ONE, "03_memory_sharing"), met("retain-ignored", at=NOON + 1)))
    found = due_now(history, Wish(), NOON)
    assert [each.misconception for each in found[:2]] == ["retain-ignored", ONE]
    assert not any(each.is_met for each in found[2:])
    assert len(found) > 10


def test_nothing_comes_of_an_exercise_that_was_not_begun():
    history = History(
        attempts=(attempt("05_leaf_and_grad", outcome="failed"), attempt("06_backward", outcome="not_started"))
    )
    assert due_now(history, Wish(), NOON) == []
    assert history.begun == {"05_leaf_and_grad"}


def test_names_that_this_version_does_not_know_are_left_out():
    history = History(met=(met("of-another-version"),), drilled=answers(0, name="of-another-version"))
    assert due_now(history, Wish(), NOON + DAY) == []


def test_what_cannot_ask_is_not_asked():
    silent = next(name for name, each in questions().items() if each.silent)
    assert due_now(History(met=(met(silent),)), Wish(), NOON) == []


@pytest.mark.parametrize(
    ("attempts", "hints", "days"),
    [(1, 0, 28), (3, 0, 8), (3, 2, 4), (9, 0, 4)],
    ids=["at once", "soon", "with hints", "after many attempts"],
)
def test_an_exercise_comes_again_the_sooner_the_harder_it_was(attempts, hints, days):
    tried = tuple(attempt(at=NOON - number, outcome="failed") for number in range(attempts - 1, 0, -1))
    history = History(attempts=(*tried, attempt()), hints=(("05_leaf_and_grad", hints),))
    assert schedule.due_exercises(history, NOON + DAY) == {"05_leaf_and_grad": NOON + days * DAY}


def test_a_review_that_passed_puts_an_exercise_off():
    again = attempt(at=NOON + 30 * DAY, began=NOON + 30 * DAY - 60)
    before = schedule.due_exercises(History(attempts=(attempt(),)), NOON + 40 * DAY)
    after = schedule.due_exercises(History(attempts=(attempt(),), again=(again,)), NOON + 40 * DAY)
    assert after["05_leaf_and_grad"] > NOON + 60 * DAY > before["05_leaf_and_grad"]


def test_a_review_that_did_not_pass_changes_nothing():
    again = attempt(at=NOON + 30 * DAY, outcome="failed", began=NOON + 30 * DAY - 60)
    before, after = (History(attempts=(attempt(),), again=rows) for rows in ((), (again,)))
    assert schedule.due_exercises(before, NOON + DAY) == schedule.due_exercises(after, NOON + DAY)


def test_a_long_pause_is_no_time_at_work():
    assert schedule.seconds_at_work([0.0, 60.0, 60.0 + 9 * DAY]) == 60.0 + schedule.PAUSE
