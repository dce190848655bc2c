"""Where a learner stands: what is counted, by which day, and what the two pictures of it show."""

import io
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from grader.learning.practice.stats import DAYS_AHEAD, DAYS_BACK, Standing, day, stats
from grader.learning.shown import to_stats, to_stats_page
from grader.record.practised import Drilled, History
from grader.tests.practice import DAY, NOON, attempt, met

ONE, OTHER = "retain-ignored", "leaf-lost-by-to"
PAST = History(
    attempts=(attempt(at=NOON - 300, outcome="failed"), attempt(), attempt("06_backward", NOON + DAY, "failed")),
    met=(met(ONE, at=NOON - 300), met(OTHER, "06_backward", NOON + DAY)),
    drilled=(Drilled(NOON + DAY, ONE, True, 4.0), Drilled(NOON + 2 * DAY, ONE, False, 4.0)),
    hints=(("06_backward", 2),),
)


def drawn(found, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(to_stats.stats(found, NOON + 2 * DAY))
    return console.file.getvalue()


def test_with_nothing_begun_both_say_so():
    found = stats(History(), NOON)
    assert found.is_empty
    assert "Nothing has happened yet" in drawn(found)
    assert "Nothing has happened yet" in to_stats_page.to_page(found, NOON)


def test_passes_are_counted_by_day_each_exercise_once():
    again = attempt(at=NOON + DAY, began=NOON + DAY - 60)
    found = stats(History(attempts=(attempt(), attempt(at=NOON + 60)), again=(again,)), NOON + 2 * DAY)
    assert len(found.passes) == DAYS_BACK
    assert found.passes[-3:] == ((day(NOON), 1), (day(NOON + DAY), 1), (day(NOON + 2 * DAY), 0))


def test_effort_ends_with_the_first_pass():
    later = attempt(at=NOON + 9 * DAY, outcome="failed")
    [effort] = stats(History(attempts=(*PAST.attempts[:2], later)), NOON + 9 * DAY).efforts
    assert (effort.attempts, effort.seconds, effort.passed) == (2, 300.0, True)
    assert effort.due > NOON


def test_an_exercise_with_hints_alone_is_in_progress():
    [effort] = stats(History(hints=(("05_leaf_and_grad", 2),)), NOON).efforts
    assert (effort.attempts, effort.hints, effort.passed, effort.due) == (0, 2, False, 0.0)


@pytest.mark.parametrize(
    ("after", "standing", "came_back"),
    [
        ({}, Standing.OPEN, False),
        ({"attempts": (attempt(),)}, Standing.CLEARED, False),
        ({"drilled": (Drilled(NOON, ONE, True, 1.0),)}, Standing.CLEARED, False),
        ({"drilled": (Drilled(NOON, ONE, False, 1.0),)}, Standing.OPEN, False),
        ({"attempts": (attempt(),), "drilled": (Drilled(NOON + 9, ONE, False, 1.0),)}, Standing.BACK, True),
        ({"again": (attempt(),), "met": (met(ONE, at=NOON + 9),)}, Standing.BACK, True),
        (
            {"attempts": (attempt(), attempt(at=NOON + 99)), "met": (met(ONE, at=NOON + 9),)},
            Standing.CLEARED,
            True,
        ),
        ({"attempts": (attempt("06_backward"),)}, Standing.OPEN, False),
    ],
)
def test_a_misconception_is_open_until_it_is_cleared_and_may_come_back(after, standing, came_back):
    first = met(ONE, at=NOON - 300)
    found = stats(History(**after | {"met": (first, *after.get("met", ()))}), NOON + DAY)
    assert found.standings == {ONE: standing}
    assert (ONE in found.came_back) is came_back


def test_what_is_overdue_counts_for_today():
    found = stats(PAST, NOON + 40 * DAY)
    assert len(found.questions_due) == len(found.reviews_due) == DAYS_AHEAD
    assert found.questions_due[0] == (day(NOON + 40 * DAY), 1)
    assert found.reviews_due[0] == (day(NOON + 40 * DAY), 1)


def test_names_of_another_version_are_left_out():
    strange = History(
        attempts=(attempt("99_of_another_version"),),
        met=(met("of-another-version"),),
        drilled=(Drilled(NOON, "of-another-version", True, 1.0),),
    )
    found = stats(strange, NOON + 9 * DAY)
    assert (found.efforts, found.standings) == ((), {})
    assert sum(count for _, count in found.questions_due) == 0
    assert drawn(found)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_terminal_shows_all_of_it_at_every_width(width):
    said = drawn(stats(PAST, NOON + 2 * DAY), width)
    assert max(map(len, said.splitlines())) <= width
    flat = " ".join(said.split())
    for part in (
        "Exercises passed in 30 days: 1",
        "06_backw",
        "Misconceptions met: 2",
        "50% of them right",
        "Due this",
    ):
        assert part in flat


def test_the_page_is_whole_and_needs_nothing_else():
    text = to_stats_page.to_page(stats(PAST, NOON + 2 * DAY), NOON + 2 * DAY)
    assert "<script" not in text
    assert "http" not in text.partition("</style>")[2]
    for part in ("05_leaf_and_grad", ONE, "2 questions answered, 1 of them right. 2 hints taken.", "come back"):
        assert part in text
    svg = text[text.index("<svg") : text.index("</svg>") + len("</svg>")]
    assert len(ET.fromstring(svg)) == DAYS_BACK
