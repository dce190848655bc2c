"""What comes out of a class's results: pages, sheets filled cell by cell, files for other programs."""

import csv
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from grader.batch.out import charts, figures
from grader.batch.out.facts import of_class
from grader.batch.out.names import Names
from grader.batch.out.reporting import Reporting
from grader.batch.out.sheet import plain
from grader.batch.out.words import step_code
from grader.catalogue.catalogue import find
from grader.errors import UsageError
from grader.record.results import Results
from grader.record.rows import Planned, Result, State, Stray, Student, Submission
from grader.tests.examples import example
from grader.tests.unit.test_html import Page
from grader.verdict import Outcome, Verdict

FIFTH = find("05")
STEPS = FIFTH.steps
MET = "retain-after-backward"
COURSE = """
title = "Deep learning"
due = 2026-12-01T12:00:00Z
[late]
percent_a_day = 50
[exercises.05]
visibility = { build_four = "name" }
[[excused]]
student = "7"
"""
DUE = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 12, 9, tzinfo=UTC)
FORMULA = "=HYPERLINK(1)"
# Student, steps that pass, hours after the due date.
CLASS = [
    (Student("1", "Ada", login="ada"), STEPS, -48), (Student("2", FORMULA, sid="S2"), STEPS[:3], -2),
    (Student("3", "김민준", "min@example.org"), STEPS[:1], 1), (Student("4", "Ada"), (), -1),
    (Student("5", "Grace"), None, -1), (Student("6", "Absent"), "nothing", 0), (Student("7", "Excused"), STEPS, -1),
    (Student("8", "<script>alert(1)</script>"), STEPS[:4], -1),
]  # fmt: skip
PATH = "{}_{}_assignsubmission_file/05.py"
CODE = f'def {STEPS[3]}(x):\n    """The text."""\n    # by Ada\n    y = x\n    y.backward()\n    y.retain_grad()\n'


def verdict(passed):
    [step] = example().steps
    check = replace(step.checks[0], misconception=MET, got="SECRET")
    good = replace(check, outcome=Outcome.PASSED, misconception=None)
    steps = []
    for name in STEPS:
        kept = name in passed
        outcome = Outcome.PASSED if kept else Outcome.FAILED
        said = replace(good if kept else check, said=f"said of {name}")
        steps.append(replace(step, name=name, outcome=outcome, checks=(said,)))
    whole = Outcome.PASSED if len(passed) == len(STEPS) else Outcome.FAILED
    return replace(example(whole), submission="05_leaf_and_grad.py", steps=tuple(steps))


@pytest.fixture
def results(tmp_path):
    with Results(tmp_path / "results", create=True) as found:
        found.keep_fact("course", COURSE)
        handed_in = [
            Submission(student.id, FIFTH.name, "class.zip", PATH.format(student.name[:3], student.id),
                       CODE, str(student.id), DUE.timestamp() + hours * 3600)
            for student, passed, hours in CLASS if passed != "nothing"
        ]  # fmt: skip
        found.take_in(
            "class.zip", [each for each, _, _ in CLASS], handed_in, [Stray("class.zip", "Ada/a.pdf", "1", "a PDF")]
        )
        known = {student.id: passed for student, passed, _ in CLASS}
        for each in found.submissions():
            found.keep_plan([Planned(each.id, "cpu", each.student)], [Result(each.student, FIFTH.name, "cpu", 1)])
            if (passed := known[each.student]) is not None:
                text = json.dumps(verdict(passed).to_dict())
                found.finish(Result(each.student, "", "", 0, state=State.DONE, outcome="x", verdict_json=text))
        yield found


@pytest.fixture
def reporting(results):
    return Reporting(results, "all", LATER)


def facts(reporting):
    return [fact for _, fact in of_class(reporting._results, reporting._course)]


# ---- figures ----


def test_steps_have_their_figures(reporting):
    found = figures.steps(facts(reporting), reporting._course)
    assert [(each.graded, each.passed) for each in found] == [(6, 5), (6, 4), (6, 4), (6, 3), (6, 2), (6, 2)]
    assert found[0].difficulty == pytest.approx(5 / 6)
    assert all(0 < each.discrimination <= 1 for each in found)


def test_a_step_that_everybody_passes_tells_nothing(reporting):
    same = [replace(each, steps=dict.fromkeys(each.steps, Outcome.PASSED)) for each in facts(reporting)]
    assert {each.discrimination for each in figures.steps(same, reporting._course)} == {None}


def test_a_misconception_counts_its_students(reporting):
    [met] = figures.misconceptions(facts(reporting))
    assert (met.id, met.students) == (MET, 4)


@pytest.mark.parametrize(
    ("values", "most", "counts"),
    [
        ([0, 1, 2, 2, 3], 3, [1, 1, 2, 1]),
        ([], 3, [0, 0, 0, 0]),
        ([0.5, 2.5], 2.5, [0, 0, 1] + [0] * 7 + [1]),
        ([0], 0, [1]),
    ],
)
def test_every_value_is_in_one_column(values, most, counts):
    assert [count for _, count in charts.binned(values, most)] == counts


def test_words_are_those_of_the_student(reporting):
    shown = step_code(CODE, STEPS[3])
    assert "y.retain_grad()" in shown
    assert "# by Ada" in shown
    assert "The text." not in shown
    assert "by Ada" not in step_code(CODE, STEPS[3], bare=True)
    assert step_code("def (", STEPS[3]) == step_code(CODE, "other") == ""


# ---- pages ----


def pages(results, folder, **how):
    Reporting(results, "all", LATER, **how).html(folder)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}


def test_the_class_has_a_page_and_each_student_one(results, tmp_path):
    found = pages(results, tmp_path / "html")
    assert len(found) == 1 + len(CLASS)
    shown = Page(found["index.html"])
    links = {each["href"] for each in shown.all("a") if each["href"].startswith("students/")}
    assert links == {name for name in found if name != "index.html"}
    assert not shown.open
    for word in (
        "Which steps hurt",
        "Discrimination",
        MET,
        "y.retain_grad()",
        "4 of 6 students (67%)",
        "1 not graded yet",
    ):
        assert word in shown.text
    assert all("aria-label" in each for each in shown.all("svg") if each["class"] == "columns")


def test_nothing_of_a_name_is_obeyed(results, tmp_path):
    for text in pages(results, tmp_path / "html").values():
        assert not Page(text).all("script")


def test_a_page_shows_what_the_course_says(results, tmp_path):
    one = pages(results, tmp_path / "html")["students/4.html"]
    assert "what happened is not shown here" in one
    assert one.count("SECRET") == len(STEPS) - 1
    full = pages(results, tmp_path / "full", in_full=True)["students/4.html"]
    assert "what happened is not shown here" not in full
    assert full.count("SECRET") == len(STEPS)


def test_names_can_be_left_out(results, tmp_path):
    found = pages(results, tmp_path / "html", without_names=True)
    text = "".join(found) + "".join(found.values())
    assert "students/student-1.html" in found
    for each in ("Ada", "김민준", "Grace", "HYPERLINK", "min@example.org", "a.pdf"):
        assert each not in text


def test_no_two_students_have_one_file():
    known = [Student("Ada"), Student("ada"), Student("a/b"), Student("a_b"), Student("../x"), Student("김")]
    names = Names(known, hidden=False)
    made = [names.file(each.id).casefold() for each in known]
    assert len(set(made)) == len(known)
    assert not [each for each in made if "/" in each or "." in each]


# ---- tables ----


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_row_for_each(reporting):
    found = {row["id"]: row for row in rows(reporting.csv())}
    assert (found["1"]["points"], found["1"]["state"], found["1"]["days late"]) == ("6", "passed", "0")
    assert (found["3"]["points"], found["3"]["deducted"], found["3"]["days late"]) == ("0.5", "0.5", "1")
    assert (found["5"]["points"], found["5"]["state"]) == ("", "not graded yet")
    assert (found["6"]["points"], found["6"]["state"]) == ("0", "nothing handed in")
    assert found["7"]["state"] == "excused"
    assert found["2"]["name"] == f"'{FORMULA}"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_formula_stays_a_text(text):
    assert plain(text) == f"'{text}"
    assert plain("김") == "김"


def test_json_has_everything(reporting):
    found = {each["id"]: each for each in json.loads(reporting.json())["results"]}
    assert found["2"]["name"] == FORMULA
    assert found["2"]["by_step"][STEPS[0]] == 1
    assert Verdict.from_dict(found["2"]["verdict"]) == verdict(STEPS[:3])
    assert found["5"]["verdict"] is None


def test_junit_has_a_suite_for_each(reporting):
    suites = ET.fromstring(reporting.junit())
    names = [each.get("name") for each in suites]
    assert len(names) == len(set(names)) == 7 - 1
    assert "1.05_leaf_and_grad (cpu)" in names


def test_names_can_be_left_out_of_tables(results):
    found = Reporting(results, "all", LATER, without_names=True)
    for text in (found.csv(), found.json(), found.junit()):
        assert "Ada" not in text
        assert "example.org" not in text


# ---- Canvas ----

CANVAS = """\
\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,"Leaf and grad, part 1 (101)",Essay (102),Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,6,10,(read only)
"Lovelace, Ada",1,,ada,A,,7,1
=HYPERLINK(1),2,S2,,A,3,,1
"Kim, Min",3,,,B,,,1
Grace,5,,,B,,,1
Absent,6,,,B,,,1
Excused,7,,,B,5,,1
Other,99,,,B,2,,1
"Script, A",8,,,B,EX,,1
"Student, Test",,,,A,,,
"""


def canvas(reporting, tmp_path, text=CANVAS, column="", *, scaled=False):
    path = tmp_path / "gradebook.csv"
    path.write_bytes(text.encode())
    content, told = reporting.canvas(path, column, scaled=scaled)
    assert path.read_bytes() == text.encode()
    return content.decode(), told


def cells(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_canvas_gets_its_own_sheet_back_with_one_column_filled(reporting, tmp_path):
    text, [told] = canvas(reporting, tmp_path)
    before, after = cells(CANVAS), cells(text)
    changed = {(row[0][1], column): row[1][column] for row in zip(before, after, strict=True)
               for column in range(len(row[0])) if row[0][column] != row[1][column]}  # fmt: skip
    assert changed == {("1", 5): "6.00", ("2", 5): "3.00", ("3", 5): "0.50", ("6", 5): "0.00"} | {
        key: value for key, value in changed.items() if key == ("2", 5)
    }
    assert text.startswith("\ufeff")
    assert "4 filled" in told
    for why in ("1 not graded yet", "1 excused", "1 not in the results", "1 excused or not assigned in Canvas"):
        assert why in told


def test_canvas_can_be_told_the_column(reporting, tmp_path):
    text, [told] = canvas(reporting, tmp_path, column="Essay", scaled=True)
    assert cells(text)[3][6] == "10.00"
    assert told.startswith("Essay (102): ")


def test_canvas_with_semicolons_and_commas_stays_so(reporting, tmp_path):
    text = "Student;ID;Section;Leaf and grad (101)\n    Points Possible;;;6,00\nKim;3;A;\n"
    assert canvas(reporting, tmp_path, text)[0] == text.replace("Kim;3;A;", "Kim;3;A;0,50")


def test_canvas_finds_by_other_ids_only_where_its_own_find_nobody(reporting, tmp_path):
    text = "Student,ID,SIS User ID,SIS Login ID,Section,05 (101)\n    Points Possible,,,,,6\n"
    shown = canvas(reporting, tmp_path, text + "Ada,1,2,x,A,\nOther,77,2,y,A,\n")[0]
    assert [row[5] for row in cells(shown)[2:]] == ["6.00", ""]
    shown = canvas(reporting, tmp_path, text + "Ada,77,,ADA,A,\nMin,78,,min@example.org,A,\n")[0]
    assert [row[5] for row in cells(shown)[2:]] == ["6.00", "0.50"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CANVAS.replace(",ID,", ",Number,"), "is no gradebook of Canvas"),
        (CANVAS.replace("Leaf and grad", "Trees"), "no column of .* is named after an exercise"),
        (
            CANVAS.replace("Manual Posting,,\n    Points Possible,,,,,6", "x,,\n    Points Possible,,,,,100"),
            "gives 100 points",
        ),
        (CANVAS.replace("Points Possible,,,,,6", "Points Possible,,,,,(read only)"), "is read only"),
        (CANVAS.replace("\n", "\n9", 20), "is of another course"),
        ('Student,ID,Section,"05 (1)\nx', "is not CSV"),
        ("", "is empty"),
    ],
)
def test_another_sheet_is_refused_in_one_line(reporting, tmp_path, text, said):
    if said == "is of another course":
        text = "Student,ID,Section,05 (1)\nAda,991,A,\n"
    with pytest.raises(UsageError, match=said) as refused:
        canvas(reporting, tmp_path, text)
    assert "\n" not in str(refused.value)


def test_a_sheet_in_another_encoding_is_refused(reporting, tmp_path):
    (tmp_path / "sheet.csv").write_bytes("Student,ID,Section,Zoë (1)".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        reporting.canvas(tmp_path / "sheet.csv", "", scaled=False)


def test_nothing_is_no_zero_as_long_as_it_is_not_due(results, tmp_path):
    early = Reporting(results, "all", datetime(2026, 11, 30, tzinfo=UTC))
    text, [told] = canvas(early, tmp_path)
    assert cells(text)[7][5] == ""
    assert "1 not due yet" in told


# ---- Moodle ----

MOODLE_HEAD = "Identifier,Full name,Status,Grade,Maximum grade,Grade can be changed,Last modified (submission),"
MOODLE = f"""\
{MOODLE_HEAD}Last modified (grade),Feedback comments
Participant 1,Ada,Submitted,,6.00,Yes,"Sunday, 29 November",-,
Participant 2,=HYPERLINK(1),Submitted,1.00,6.00,Yes,-,-,"Good, but"
Participant 3,김민준,Submitted,,6.00,No,-,-,
Participant 99,Other,,5.00,6.00,Yes,-,-,
"""
GERMAN = MOODLE.replace("Identifier", "ID").replace("Participant", "Teilnehmer/in").replace("Yes", "Ja").replace(
    "Grade can be changed", "Bewertung kann geändert werden").replace(",No,", ",Nein,").replace(
    "Status,Grade", "Status,Bewertung").replace("6.00", '"6,00"')  # fmt: skip


def moodle(reporting, tmp_path, text=MOODLE, column="", *, scaled=False):
    path = tmp_path / "grades.csv"
    path.write_bytes(text.encode())
    content, told = reporting.moodle(path, column, scaled=scaled)
    return content.decode(), told


@pytest.mark.parametrize(("text", "full", "half"), [(MOODLE, "6.00", "3.00"), (GERMAN, "6,00", "3,00")])
def test_moodle_gets_its_own_sheet_back(reporting, tmp_path, text, full, half):
    shown, told = moodle(reporting, tmp_path, text)
    before, after = cells(text), cells(shown)
    changed = {(row, column): after[row][column] for row in range(len(before)) for column in range(len(before[0]))
               if before[row][column] != after[row][column]}  # fmt: skip
    assert changed == {(1, 3): full, (2, 3): half}
    assert told == "2 filled; left as they were: 1 locked in the sheet, 1 not in the results"


def test_moodle_can_count_otherwise(reporting, tmp_path):
    text = MOODLE.replace("6.00", "100.00")
    with pytest.raises(UsageError, match=r"gives 100 points, and the course 6; --scale"):
        moodle(reporting, tmp_path, text)
    assert cells(moodle(reporting, tmp_path, text, scaled=True)[0])[2][3] == "50.00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CANVAS, "is no grading worksheet of Moodle"),
        (MOODLE.replace("Participant ", "Participant 1000"), "is of another course"),
        (MOODLE.replace("Status,Grade,", "Status,Hodnotenie,"), "--column names it"),
    ],
)
def test_another_worksheet_is_refused_in_one_line(reporting, tmp_path, text, said):
    with pytest.raises(UsageError, match=said) as refused:
        moodle(reporting, tmp_path, text)
    assert "\n" not in str(refused.value)
    assert moodle(reporting, tmp_path, text, "Hodnotenie") if "column" in said else True


def test_moodle_finds_the_feedback(reporting):
    content, told = reporting.moodle_feedback()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "Ada_1_assignsubmission_file/feedback.html" in held
    assert "6 of 6 points" in held["Ada_1_assignsubmission_file/feedback.html"]
    assert told == ["feedback for 7 participants"]


def test_feedback_needs_moodles_folders(results, reporting):
    others = [Submission("1", FIFTH.name, "class.zip", "Ada/05.py", CODE)]
    results.take_in("class.zip", [], others, [])
    with pytest.raises(UsageError, match="do not come from Moodle's zip"):
        reporting.moodle_feedback()


def test_only_exercises_of_the_course(results):
    with pytest.raises(UsageError, match="exercise 16 is not in these results, which has 05"):
        Reporting(results, "16", LATER)
