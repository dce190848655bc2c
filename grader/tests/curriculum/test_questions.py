"""Every session asks about its misconception: what it really prints is not what somebody with it would type."""

from __future__ import annotations

import pytest

from grader.catalogue.misconceptions import misconceptions
from grader.catalogue.questions import questions
from grader.catalogue.recognised import rows
from grader.catalogue.taught import taught_in
from grader.judging.returning import NOTHING_RETURNED
from grader.learning.practice.answers import is_right
from grader.learning.replay import outcomes

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ENOUGH = 500
ASKING = sorted(name for name, each in questions().items() if not each.silent)


def test_each_session_asks_or_says_why_not():
    assert questions().keys() == misconceptions().keys()
    assert [name for name, each in questions().items() if bool(each.silent) == bool(each.asks)] == []
    assert len(ASKING) >= ENOUGH


def test_each_is_taught_somewhere_or_names_itself():
    recognised = {row.misconception for row in rows()} | {NOTHING_RETURNED}
    assert {name for name, where in taught_in().items() if not where} <= recognised


@pytest.mark.parametrize("name", ASKING)
def test_what_is_printed_is_not_what_is_believed(name, tmp_path, monkeypatch):
    question = questions()[name]
    assert question.place >= 0
    assert question.believed
    monkeypatch.chdir(tmp_path)
    real = list(outcomes(misconceptions()[name].example))[question.place].real
    assert is_right(real, question.played[question.place][1], question.believed)  # as the session says
    assert [each for each in question.believed if is_right(each, real, question.believed)] == []
