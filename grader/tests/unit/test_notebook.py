"""Cells are read as text: what they ask for, what they use, where it is found, and how it is laid over a stub."""

import json
from dataclasses import replace

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.errors import UsageError
from grader.notebook.bringing import bring
from grader.notebook.cells import graded_cell, read_cell, read_history
from grader.notebook.laying import lay
from grader.notebook.names import names_of
from grader.notebook.orders import order
from grader.notebook.pieces import pieces
from grader.notebook.record import NotebookRecord
from grader.notebook.session import Session
from grader.notebook.shown import VERDICT, Graded, Said
from grader.notebook.standing import stand
from grader.notebook.written import Published
from grader.record.progress import Progress
from grader.tests.examples import example
from grader.verdict import CheckResult, Outcome, SourceLine, StepResult

STUB = '''"""The text."""

from __future__ import annotations

import torch

SIZE = 3


def first():
    raise NotImplementedError


class Second:
    pass
'''


@pytest.mark.parametrize(
    ("text", "binds", "now", "later"),
    [
        ("x = y", "x", "y", ""),
        ("import a.b as c, d.e", "c d", "", ""),
        ("def f(a=one) -> two:\n    b = a\n    return b + g(f)", "f", "one two", "g f"),
        ("class C(Base):\n    size = n\n    def m(self):\n        return k", "C", "Base n", "k"),
        ("x = [i * n for i in range(m)]", "x", "n range m", ""),
        ("f = lambda a: a + b", "f", "", "b"),
        ("def f():\n    global g\n    g = 1\n    return g", "f", "", "g"),
        ("def outer():\n    x = 1\n    def inner():\n        return x + y\n    return inner", "outer", "", "y"),
        ("for i in r:\n    s = i", "i s", "r i", ""),
    ],
)
def test_which_names_a_text_binds_and_uses(text, binds, now, later):
    found = names_of(text)
    assert (found.binds, found.now, found.later) == tuple(frozenset(each.split()) for each in (binds, now, later))


def library(*cells):
    return [piece for number, cell in enumerate(cells, 1) for piece in pieces(cell, f"In [{number}]")]


def test_a_name_means_what_bound_it_last_and_brings_what_that_needs():
    cells = library("n = 1", "def h():\n    return k * n", "k = n", "n = 2", "unused = 3")
    found = bring(pieces("def f():\n    return h()", ""), (), cells)
    assert [piece.lines[0] for piece in found.pieces] == ["n = 1", "def h():", "k = n", "n = 2"]
    assert not found.missing


def test_what_is_wrapped_brings_what_it_wraps():
    found = bring(pieces("f = h", ""), (), library("def h(): pass", "h = str(h)"))
    assert len(found.pieces) == 2


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ((), "in no cell that was run"),
        (("for h in range(3): pass",), "is set by `for` in In [1]"),
        (("h = get_ipython().getoutput('ls')",), "by a command that only a notebook has"),
    ],
)
def test_what_cannot_be_brought_is_missing_and_why(cells, why):
    found = bring(pieces("def f():\n    return h", ""), (), library(*cells))
    assert why in found.missing["h"]


def test_what_a_star_may_bring_is_not_called_missing():
    found = bring(pieces("def f():\n    return sin(1)", ""), (), library("from math import *"))
    assert [piece.lines[0] for piece in found.pieces] == ["from math import *"]
    assert not found.missing


def test_what_python_has_and_what_the_stub_has_is_not_looked_for():
    assert not bring(pieces("def f():\n    return print(torch)", ""), ("torch",), ()).missing
    assert "in a notebook" in bring(pieces("display(1)", ""), (), ()).missing["display"]


def laid(*cells, last=()):
    return lay(STUB, ("first", "Second"), library(*cells), [piece for cell in last for piece in pieces(cell, "last")])


def test_a_definition_takes_the_place_of_its_namesake_and_all_else_has_its_place():
    text = laid(
        "import math\nLIMIT = SIZE\n# why\n@torch.no_grad()\ndef first():\n    return LIMIT", last=["first()"]
    ).text
    order = ["from __future__", "import torch", "import math", "SIZE = 3", "LIMIT = SIZE", "# why", "@torch.no_grad()",
             "def first", "return LIMIT", "class Second", "\nfirst()"]  # fmt: skip
    places_of = [text.index(part) for part in order]
    assert places_of == sorted(places_of)
    assert "NotImplementedError" not in text
    compile(text, "laid", "exec")


def test_what_needs_a_step_at_once_comes_after_it():
    text = laid("class Own(Second):\n    pass").text
    assert text.index("class Second") < text.index("class Own(Second)")


def test_the_newest_of_two_definitions_stands_alone():
    text = laid("def first():\n    return 1", "def first():\n    return 2").text
    assert "return 1" not in text
    assert text.count("def first") == 1


def test_laying_the_same_twice_changes_nothing():
    cells = ("import math", "K = 2", "def helper():\n    return K", "def first():\n    return helper()")
    once = laid(*cells).text
    assert lay(once, ("first", "Second"), library(*cells)).text == once


def test_each_line_knows_where_it_is_from():
    whole = laid("K = 2", "\n\ndef first():\n    return K")
    line = next(number for number, line in enumerate(whole.lines, 1) if "return K" in line.text)
    assert (whole.origin(line).label, whole.origin(line).number) == ("In [2]", 4)
    assert whole.origin(10**6).label == ""


STEP = "%%step 05 switch_on\ndef switch_on(tensor):\n    return {}\n"


def test_lines_of_a_verdict_are_those_of_the_cells():
    exercise = find("05")
    cells = read_history(["", "def helper(t):\n    return t + 1", STEP.format("helper(tensor)")])
    whole = stand(exercise, exercise.handed_out.read_text(encoding="utf-8"), cells, cells[-1])
    numbers = {line.text.strip(): number for number, line in enumerate(whole.laid.lines, 1)}
    lines = tuple(SourceLine(numbers[text], text, "f") for text in ("return helper(tensor)", "return t + 1"))
    check = CheckResult("test_x", "x", Outcome.RAISED, lines=lines)
    step = StepResult("switch_on", Outcome.RAISED, (check,), numbers["def switch_on(tensor):"])
    found = whole.in_cells(replace(example(), steps=(step,)), "In [2]").steps[0]
    assert found.line == 2
    assert [(line.number, line.text) for line in found.checks[0].lines] == [
        (3, "return helper(tensor)"), (2, "return t + 1  # In [1]"),
    ]  # fmt: skip


def test_cells_of_another_exercise_are_not_brought_along():
    exercise = find("05")
    other = "%%step 04 add_\ndef helper(t):\n    return t\ndef add_(): pass"
    cells = read_history(["", other, STEP.format("helper(tensor)")])
    whole = stand(exercise, exercise.handed_out.read_text(encoding="utf-8"), cells, cells[-1])
    assert "helper" in whole.missing


def test_only_the_newest_cell_of_a_step_counts():
    exercise = find("05")
    cells = read_history(["", STEP.format("nowhere"), STEP.format("tensor")])
    whole = stand(exercise, exercise.handed_out.read_text(encoding="utf-8"), cells, cells[-1])
    assert not whole.missing
    assert "nowhere" not in whole.laid.text


def test_other_magics_are_read_or_passed_over():
    assert read_cell("%%time\nx = 1", "In [1]").pieces[0].number == 2
    assert not read_cell("%%bash\nx = 1", "In [1]").pieces
    assert [len(cell.pieces) for cell in read_history(["", "!ls\nx = 1", "def (", "%matplotlib inline"])] == [2, 1]


ODD = {"long": "x" * 10**6 + "\n", "null": "a\0b", "deep": "(" * 10**5, "half": "\ud800"}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_no_text_is_too_odd_to_be_refused_in_one_line(body):
    with pytest.raises(UsageError) as caught:
        graded_cell(order("step", "05 switch_on"), body, "In [1]")
    assert "\n" not in str(caught.value)


def test_a_step_may_be_named_by_its_number():
    assert order("step", "05 6 --device cuda --seed 7").step == "switch_on"


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """The file beside a notebook that lies in no workspace."""
    file = tmp_path / "katas-progress.json"
    monkeypatch.setattr(places, "find_workspace", lambda: None)
    monkeypatch.setattr(places, "beside_the_notebook", lambda: file)
    return file


def attempts(file):
    return json.loads(file.read_text(encoding="utf-8"))["attempt"]


def test_two_notebooks_keep_their_progress_in_one_file(outside):
    verdict = replace(example(), versions={"torch": "2"})
    first, second = NotebookRecord(), NotebookRecord()
    for record in (first, second):
        record.progress.record(find("05"), [verdict])
        assert record.keep() == ""
    assert len(attempts(outside)) == 2
    third = NotebookRecord()
    assert len(third.progress.everything()["attempt"]) == 2


def test_a_damaged_file_is_set_aside_and_said_once(outside):
    outside.write_text("{", encoding="utf-8")
    record = NotebookRecord()
    assert "set aside as katas-progress.json.damaged-1" in record.keep()
    assert outside.with_name("katas-progress.json.damaged-1").read_text(encoding="utf-8") == "{"
    assert record.keep() == ""
    assert attempts(outside) == []


def test_where_nothing_can_be_written_it_is_said_once_and_lasts_as_long_as_the_kernel(outside, monkeypatch):
    monkeypatch.setattr(places, "beside_the_notebook", lambda: outside.parent / "missing" / outside.name)
    record = NotebookRecord()
    record.progress.record(find("05"), [replace(example(), versions={"torch": "2"})])
    assert "cannot be kept" in record.keep()
    assert record.keep() == ""
    assert record.progress.best() == {"05_leaf_and_grad": 0}
    with pytest.raises(UsageError, match="cannot be kept"):
        record.keep_in(outside.parent / "nowhere" / "x.json")


def test_a_file_may_be_asked_for_in_a_workspace_too(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "find_workspace", lambda: places.Workspace(tmp_path))
    monkeypatch.setattr(places, "workspace", lambda: places.Workspace(tmp_path))
    record = NotebookRecord()
    assert record.place == tmp_path / ".grader" / "progress.sqlite3"
    record.keep_in(tmp_path / "drive.json")
    record.progress.record(find("05"), [replace(example(), versions={"torch": "2"})])
    record.keep()
    assert attempts(tmp_path / "drive.json") == Progress(record.progress._database.path).everything()["attempt"]


def graded(step, outcomes):
    steps = tuple(StepResult(name, outcome, (), 0) for name, outcome in outcomes.items())
    return replace(example(), steps=steps, outcome=Outcome.FAILED, versions={"torch": "2"})


def test_a_cell_that_did_not_end_is_not_waited_for_again_until_it_is_run(outside, monkeypatch):
    exercise, inputs, texts = find("05"), [""], []
    session = Session(lambda: inputs, lambda text: None)
    outcomes = dict.fromkeys(exercise.steps, Outcome.NOT_STARTED) | {"switch_on": Outcome.TIMEOUT}

    def grade(asked, source, device, seed, show):
        texts.append(source.text)
        return graded("", outcomes)

    monkeypatch.setattr(session.judge, "grade", grade)
    monkeypatch.setattr("grader.notebook.session.stub", lambda each: each.handed_out.read_text(encoding="utf-8"))

    def run(cell):
        inputs.append(cell)
        head, _, body = cell.partition("\n")
        return repr(session.grade(order("step", head.removeprefix("%%step ")), body))

    run(STEP.format("endless()"))
    said = run("%%step 05 predict_row\ndef predict_row(a, b): pass")
    assert "endless()" not in texts[-1]
    assert "`switch_on` is left out: In [1] did not come to an end" in said
    run(STEP.format("endless()"))
    assert "endless()" in texts[-1]
    session.close()


def test_a_verdict_is_shown_as_text_as_html_without_scripts_and_as_json():
    verdict = replace(example(), steps=(replace(example().steps[0], name="<script>"),))
    shown = Graded(verdict, "<script>", Said(["`x` is missing"], after="`%hint`"))._repr_mimebundle_()
    assert "`x` is missing" in shown["text/plain"]
    assert "<script" not in shown["text/html"]
    assert "&lt;script&gt;" in shown["text/html"]
    assert "<code>x</code> is missing" in shown["text/html"]
    assert shown[VERDICT]["verdicts"][0]["exercise"] == verdict.exercise
    json.dumps(shown)


def test_where_the_sandbox_is_weaker_it_is_said():
    shown = Graded(replace(example(), isolation=("rlimits",)), "f", Said())._repr_mimebundle_()
    for form in ("text/plain", "text/html"):
        assert "isolation: rlimits" in shown[form]
        assert "The sandbox is weaker here" in shown[form]


def test_a_notebook_opens_where_it_is_published():
    badge = Published("a/b", "main").badge(find("05"))
    assert badge.endswith("/github/a/b/blob/main/notebooks/05_leaf_and_grad.ipynb)")
    assert "Upload" in Published().badge(find("05"))
