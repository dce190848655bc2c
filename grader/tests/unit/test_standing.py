"""What each student gets: late rule, the file that counts, and what is no zero."""

import json

import pytest

from grader.batch.course_file import parse
from grader.batch.standing import standings
from grader.record.results import Results
from grader.record.rows import Planned, Result, State, Student, Submission
from grader.verdict import Outcome, StepResult, Verdict

NAME = "05_leaf_and_grad"
STEPS = ("predict_row", "will_keep_grad", "build_four", "middle_and_leaf", "result_requires_grad", "switch_on")
DUE = 1_700_000_000  # 2023-11-14 22:13:20 UTC
COURSE = "due = 2023-11-14T22:13:20Z\n[late]\ngrace_days = 1\npercent_a_day = 10\n"
HOURS = 3600


@pytest.fixture
def results(tmp_path):
    with Results(tmp_path / "out", create=True) as found:
        yield found


def verdict(passed):
    steps = tuple(StepResult(step, Outcome.PASSED if step in passed else Outcome.FAILED, ()) for step in STEPS)
    outcome = Outcome.PASSED if len(passed) == len(STEPS) else Outcome.FAILED
    return Verdict(NAME, "", "", "", "cpu", 1, outcome, steps, (), {}, 0.0)


def handed_in(results, *files):
    """Take in files, each with its time and the steps that pass; None leaves the result pending."""
    names = [f"{number}.py" for number in range(len(files))]
    files = dict(zip(names, files, strict=True))
    rows = [Submission("a", NAME, "s", name, at=at) for name, (at, _) in files.items()]
    results.take_in("s", [Student("a")], rows, [])
    for each in results.submissions():
        results.keep_plan([Planned(each.id, "cpu", each.path)], [Result(each.path, NAME, "cpu", 1)])
        if (passed := files[each.path][1]) is not None:
            text = json.dumps(verdict(passed).to_dict())
            results.finish(Result(each.path, "", "", 0, state=State.DONE, outcome="x", verdict_json=text))


def standing(results, course):
    [found] = standings(results, parse(f"exercises = '5'\n{course}"))
    return found


@pytest.mark.parametrize(
    ("hours", "days", "points"), [(-1, 0, 6), (24, 0, 6), (25, 1, 5.4), (48, 1, 5.4), (49, 2, 4.8), (24 * 50, 49, 0)]
)
def test_each_day_begun_after_the_grace_costs(results, hours, days, points):
    handed_in(results, (DUE + hours * HOURS, STEPS))
    found = standing(results, COURSE)
    assert (found.late_days, found.points) == (days, pytest.approx(points))


def test_an_extension_moves_the_date(results):
    handed_in(results, (DUE + 99 * HOURS, STEPS))
    extension = "[[extensions]]\nstudent = 'a'\ndue = 2023-12-24\n"
    assert standing(results, COURSE + extension).points == 6


def test_a_time_that_nobody_knows_costs_nothing(results):
    handed_in(results, (None, STEPS))
    found = standing(results, COURSE)
    assert (found.late_days, found.points) == (None, 6)


def test_points_of_steps_count(results):
    handed_in(results, (DUE, STEPS[:2]))
    [found] = standings(results, parse("points = 2\n[exercises.05]\npoints = { predict_row = 7.5 }"))
    assert (found.points, found.most) == (9.5, 17.5)


@pytest.mark.parametrize(("several", "path"), [("latest", "0.py"), ("best", "1.py")])
def test_the_latest_or_the_best_counts(results, several, path):
    handed_in(results, (DUE + 1, STEPS[:1]), (DUE, STEPS))
    found = standing(results, f"several = '{several}'")
    assert found.submission.path == path
    assert found.handed_in == 2


def test_the_best_counts_after_what_being_late_costs(results):
    handed_in(results, (DUE, STEPS[:5]), (DUE + 24 * 10 * HOURS, STEPS))
    assert standing(results, "several = 'best'\n" + COURSE).submission.path == "0.py"


def test_nothing_handed_in_is_a_zero_and_a_fault_is_not(results):
    results.take_in("s", [Student("a")], [], [])
    assert standing(results, "").points == 0
    assert standing(results, "[[excused]]\nstudent = 'a'").points is None
    handed_in(results, (DUE, None))
    results.finish(Result("0.py", "", "", 0, state=State.FAULT, fault="no memory"))
    found = standing(results, "")
    assert (found.points, found.result.fault) == (None, "no memory")
