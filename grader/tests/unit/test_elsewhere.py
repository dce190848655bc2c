"""What other systems are told follows their contracts, whatever a submission has sent, and says no more than it may."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
import yaml

from grader.batch.course import Course, Visibility, assignment, plain
from grader.catalogue import places
from grader.catalogue.catalogue import exercises, find
from grader.elsewhere import graded as graded_here
from grader.elsewhere import needs
from grader.elsewhere.classroom50.result import require_whole_points, result
from grader.elsewhere.github.made import made as workflow
from grader.elsewhere.graded import Graded
from grader.elsewhere.gradescope import results as gradescope
from grader.elsewhere.handed_in import handed_in
from grader.elsewhere.prairielearn import results as prairielearn
from grader.elsewhere.task import Task
from grader.errors import GraderError, UsageError
from grader.proofs.tools.examples_elsewhere import ENVIRONMENT, NOW
from grader.tests.examples import example
from grader.units import MB
from grader.verdict import Outcome

FOLDER = places.for_authors("elsewhere")
FIFTH = find("05")
FIRST, SECOND = FIFTH.steps[:2]
SECRET = "tensor([1, 2, 3])"
DOCUMENTS = {
    "gradescope": lambda graded, now=NOW: gradescope.results(graded, NOW, now),
    "classroom50": lambda graded, now=NOW: result(graded, ENVIRONMENT, NOW, now),
    "prairielearn": lambda graded, now=NOW: prairielearn.results(graded, now),
}
GOLDEN = {"gradescope": "results", "classroom50": "result", "prairielearn": "results"}


def validate(system, document):
    schema = json.loads((FOLDER / f"{system}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(document, allow_nan=False)))


def graded(visibility=Visibility.FULL, outcome=Outcome.FAILED, points=2.0, **fields):
    """An exercise whose first step failed, and whose others passed."""
    [step] = example(outcome).steps
    check = replace(step.checks[0], **{"got": SECRET, "misconception": "retain-after-backward"} | fields)
    passed = replace(check, outcome=Outcome.PASSED, got="", misconception=None)
    steps = [replace(step, name=name, outcome=Outcome.PASSED, checks=(passed,)) for name in FIFTH.steps]
    steps[0] = replace(step, name=FIRST, checks=(check,))
    given = assignment(FIFTH, due=NOW, points=points, visibility={FIRST: visibility})
    return Graded(given, replace(example(outcome), steps=tuple(steps)))


@pytest.mark.parametrize("system", DOCUMENTS)
@pytest.mark.parametrize("each", ["as it is", "hostile", "not graded"])
def test_it_is_what_the_system_reads(system, each):
    hostile = dict.fromkeys(("said", "got", "expected", "detail", "printed"), "\x00\x1b[2J</pre>\udcff\u202e\n" * 99)
    one = {"as it is": graded(), "hostile": graded(**hostile), "not graded": Graded(graded().assignment, None, "empty")}
    validate(system, DOCUMENTS[system]([one[each]]))


@pytest.mark.parametrize("system", DOCUMENTS)
def test_so_is_the_example(system):
    document = json.loads((FOLDER / system / f"{GOLDEN[system]}.json").read_text(encoding="utf-8"))
    validate(system, document)
    with pytest.raises(jsonschema.ValidationError):
        validate(system, document | {"made_up": 1})


def scores(system, document):
    names = {"gradescope": ("score", "max_score"), "classroom50": ("score", "max-score"),
             "prairielearn": ("points", "max_points")}[system]  # fmt: skip
    return [tuple(test[name] for name in names) for test in document["tests"] if test[names[1]]]


@pytest.mark.parametrize("system", DOCUMENTS)
def test_a_step_has_all_of_its_points_or_none(system):
    document = DOCUMENTS[system]([graded(points=3.0)])
    assert scores(system, document) == [(0, 3)] + [(3, 3)] * (len(FIFTH.steps) - 1)


def told_to_students(system, document):
    shown = [test for test in document["tests"] if test.get("visibility", "visible") == "visible"]
    return json.dumps([document.get("output", ""), *[(each["output"], each.get("tags")) for each in shown]])


@pytest.mark.parametrize("system", DOCUMENTS)
@pytest.mark.parametrize(
    ("visibility", "days", "value", "name"),
    [
        (Visibility.FULL, -1, True, True),
        (Visibility.DIFFERENCE, 1, True, False),
        (Visibility.NAME, 1, False, False),
        (Visibility.AFTER_DUE, -1, False, False),
        (Visibility.AFTER_DUE, 1, True, True),
    ],
)
def test_students_are_told_what_the_course_says(system, visibility, days, value, name):
    document = DOCUMENTS[system]([graded(visibility)], NOW + timedelta(days=days))
    told = told_to_students(system, document)
    assert (SECRET in told) is value
    assert ("retain" in told) is name
    assert WITHHELD in told or value


WITHHELD = "what happened is not shown here"


def test_gradescope_shows_the_rest_after_the_due_date():
    tests = gradescope.results([graded(Visibility.AFTER_DUE)], NOW, NOW - timedelta(days=1))["tests"]
    [later] = [each for each in tests if each["visibility"] == "after_due_date"]
    assert SECRET in later["output"]
    assert (later["score"], later["max_score"], later["number"]) == (0, 0, "5.1.1")


def test_gradescope_keeps_the_whole_verdict():
    each = graded(Visibility.NAME)
    assert gradescope.results([each], None, NOW)["extra_data"] == {"verdicts": [each.verdict.to_dict()]}


def test_a_file_that_cannot_be_graded_says_why():
    each = Graded(graded().assignment, None, "05_leaf_and_grad.py is empty")
    for system, make in DOCUMENTS.items():
        document = make([each])
        assert "is empty" in json.dumps(document)
        assert not any(got for got, _ in scores(system, {"tests": document.get("tests", [])}))


def test_prairielearn_takes_no_attempt_for_nothing():
    nothing = Graded(graded().assignment, None, "no file")
    assert prairielearn.results([nothing], NOW) == {"gradable": False, "format_errors": ["no file"]}
    assert prairielearn.results([nothing, graded()], NOW)["gradable"]


def test_prairielearn_is_never_told_more_than_a_mebibyte():
    shown = prairielearn.results([graded(said="é" * 4000, got="é" * 4000, printed="é" * 9000)] * 40, NOW)
    assert len(json.dumps(shown, ensure_ascii=False).encode()) < 2**20


def test_prairielearn_has_a_share():
    assert prairielearn.results([graded()], NOW)["score"] == pytest.approx(1 - 1 / len(FIFTH.steps))


def test_classroom50_counts_whole_points():
    course = Course(assignments=(assignment(FIFTH, points={SECOND: 1.5}),))
    with pytest.raises(UsageError, match=f"05 {SECOND} has 1.5"):
        require_whole_points(Task(course, "", 1))
    require_whole_points(Task(plain([FIFTH]), "", 1))


def test_classroom50_is_told_who_and_what_from_the_environment():
    document = result([graded()], ENVIRONMENT, NOW, datetime(2027, 1, 2, tzinfo=UTC))
    assert (document["owner"], document["submission"]) == ("ada", ENVIRONMENT["SUBMISSION_TAG"])
    assert (document["datetime"], document["graded_at"]) == ("2026-12-01T12:00:00Z", "2027-01-02T00:00:00Z")
    with pytest.raises(GraderError, match="COMMIT_URL"):
        result([graded()], {**ENVIRONMENT, "COMMIT_URL": ""}, NOW, NOW)


def test_the_workflow_is_one_and_runs_nothing_that_a_submission_prints():
    install = "katas @ https://example.org/it's.whl # a comment: {not, yaml}"
    text = workflow(Task(plain([FIFTH]), "", 1), install)[".github/workflows/katas.yml"].decode()
    document = yaml.safe_load(text)
    job = document["jobs"]["grade"]
    assert (job["env"]["KATAS"], job["env"]["EXERCISES"]) == (install, "05")
    assert document["permissions"] == {"contents": "read"}
    steps = [each["run"] for each in job["steps"] if "run" in each]
    graded_between = re.search("::stop-commands::(.*)\n(.*\n)*?.*grader exercise(.*\n)*?.*::\\$token::", steps[-1])
    assert graded_between
    assert "${{" not in text  # nothing of a push is put into a script


class Judged:
    """Stands in for the process that judges: its verdict is known."""

    def __init__(self, verdict):
        self.verdict = verdict

    def __call__(self, *_, **__):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def grade(self, *_, **__):
        return [self.verdict]


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"isolation": ("rlimits", "seccomp")}, "requires landlock"), ({"outcome": Outcome.UNAVAILABLE}, "graded on cpu")],
)
def test_what_a_place_does_not_offer_is_no_fault_of_a_student(monkeypatch, tmp_path, changed, said):
    good = replace(example(Outcome.PASSED), isolation=("landlock-7", "seccomp"))
    (tmp_path / "05_leaf_and_grad.py").write_text("pass")
    task = Task(replace(plain([FIFTH]), require=("landlock", "seccomp")), "", 1)
    monkeypatch.setattr(graded_here, "Judge", Judged(good))
    assert graded_here.grade(task, tmp_path, "ada")[0].verdict == good
    monkeypatch.setattr(graded_here, "Judge", Judged(replace(good, **changed)))
    with pytest.raises(GraderError, match=said):
        graded_here.grade(task, tmp_path, "ada")


def test_more_is_ordered_only_where_it_is_needed(monkeypatch):
    small, whole = Task(plain([FIFTH]), "", 1), Task(plain(exercises()), "", 1)
    assert "768 MB will do" in needs.to_order(small)
    assert "timeout" not in needs.to_order(small)
    assert "timeout to 38 minutes" in needs.to_order(whole)
    monkeypatch.setattr(needs, "measured", lambda: {FIFTH.name: 700 * MB})
    assert "takes 700 MB: order a container with 1.5 GB" in needs.to_order(small)


def test_every_exercise_has_been_measured():
    assert needs.measured().keys() == {each.name for each in exercises()}


# ---- which file ----


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    return tmp_path


def found(folder):
    return handed_in(folder, [FIFTH])[FIFTH.name]


def test_a_file_is_found_by_its_name_first(folder):
    (folder / "a.py").write_text("\n".join(f"def {step}(): pass" for step in FIFTH.steps))
    assert found(folder).path == "a.py"
    (folder / "deep" / "05_leaf_and_grad.py").write_text("pass")
    assert found(folder).path == "deep/05_leaf_and_grad.py"


def test_a_notebook_is_graded_and_told_so(folder):
    cell = {"cell_type": "code", "source": ["%matplotlib inline\n", f"def {FIRST}(): pass"]}
    (folder / "leaf_and_grad.ipynb").write_text(json.dumps({"cells": [cell]}))
    assert f"def {FIRST}" in found(folder).text
    assert "is a notebook" in found(folder).note


def test_what_is_no_submission_is_named(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "05_leaf_and_grad.py").write_text("pass")
    (folder / "linked").symlink_to(other)
    (folder / "deep" / "b.txt").write_text("x")
    assert "no 05_leaf_and_grad.py in what was handed in, which holds" in found(folder).problem
    (folder / "05_leaf_and_grad.py").symlink_to(other / "05_leaf_and_grad.py")
    assert "is a link" in found(folder).problem
    (folder / "deep" / "05_leaf_and_grad.py").write_text("pass")
    assert not found(folder).problem
