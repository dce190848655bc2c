"""The process that plays sessions for a drill: what it tells, and what is said where it ends."""

import pytest

from grader.catalogue.questions import questions
from grader.errors import GraderError
from grader.learning.practice.sessions import Sessions


@pytest.fixture(scope="module")
def sessions():
    with Sessions() as started:
        yield started


@pytest.mark.parametrize(
    "name", ["view-is-copy", "item-on-many", "softmax-dim-left-out", "checkpoint-written-in-place"]
)
def test_it_tells_what_is_printed_now(sessions, name):
    found = sessions.outcomes(name)
    assert [each.typed for each in found] == list(questions()[name].inputs)
    assert [each.real for each in found] == [said for _, said in questions()[name].played]


def test_sessions_share_no_names(sessions):
    sessions.begin("view-is-copy")
    sessions.begin("two-updates")
    assert sessions.outcomes("two-updates")[-1].said == "0.25"


def test_one_that_was_ended_is_a_fault_in_one_line(tmp_path):
    with Sessions() as started:
        started._process.kill()
        for _ in range(2):
            with pytest.raises(GraderError, match=r"ended; `.* doctor` tells more"):
                started.outcomes("view-is-copy")
        assert started.has_ended
