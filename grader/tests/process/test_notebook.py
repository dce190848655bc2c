"""Real notebooks in real kernels: what is written in a cell is graded, said, kept, and brought back into a file."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbformat import v4

from grader.catalogue.catalogue import find
from grader.judging.overlay import definitions
from grader.notebook.shown import VERDICT
from grader.notebook.written import SET_UP, written
from grader.record.workspace import untouched

WRONG = [("05", "hard-coded-device"), ("16", "argument-ignored"), ("24", "argument-ignored")]
LOAD = "%load_ext grader"
SECONDS = 120
FIFTH = find("05")


def katas(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "grader", *map(str, arguments)], cwd=folder, capture_output=True, text=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A workspace with three exercises, each as a notebook, too."""
    folder = tmp_path_factory.mktemp("learner")
    numbers = ",".join(number for number, _ in WRONG)
    assert katas(folder, "init", "mine", "--exercises", numbers, "--notebooks").returncode == 0
    return folder / "mine"


def run(folder, cells):
    """Run cells in a kernel of their own; return what came of each."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook, timeout=SECONDS, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": folder}}
    )
    client.execute()
    return [cell.outputs for cell in notebook.cells]


def verdict(outputs):
    """Return the verdict that a cell shows, and the HTML that it is shown as."""
    [result] = [each for each in outputs if each.output_type == "execute_result"]
    [found] = result.data[VERDICT]["verdicts"]
    return found, result.data["text/html"], result.data["text/plain"]


def said(outputs):
    """Return the only line that a cell says; it is no traceback."""
    [line] = "".join(each.text for each in outputs if each.output_type == "stream").splitlines()
    assert not [each for each in outputs if each.output_type == "error"]
    return line


def solved(exercise, path):
    """Return the text of each definition in a file, by name."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    return {
        name: "\n".join(lines[min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1 : node.end_lineno])
        for name, node in definitions(text).items()
    }


def filled(exercise, texts):
    """Return the notebook of an exercise with other text in the cells of its steps."""
    notebook = nbformat.reads(written(exercise).decode(), as_version=4)
    for cell in notebook.cells:
        head, _, _ = cell.source.partition("\n")
        if cell.cell_type == "code" and head.startswith("%%step"):
            cell.source = f"{head}\n{texts[head.split()[2]]}"
    return notebook


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize(("number", "misconception"), WRONG)
def test_a_notebook_solved_rightly_passes_and_a_wrong_cell_is_named(mine, number, misconception):
    exercise = find(number)
    right = solved(exercise, exercise.solution)
    [wrong_file] = [exercise.wrong_answers / f"{misconception}.py"]
    [(step, wrong)] = [item for item in solved(exercise, wrong_file).items() if item[0] in exercise.steps]
    cells = code(filled(exercise, right))
    head = f"%%step {number} {step}\n"
    *_, before, failed, mended = run(mine, [*cells, head + wrong, head + right[step]])
    assert verdict(before)[0]["outcome"] == "passed"
    found, html, text = verdict(failed)
    outcomes = {each["name"]: each["outcome"] for each in found["steps"]}
    assert outcomes[step] not in ("passed", "blocked")
    named = {check["misconception"] for each in found["steps"] if each["name"] == step for check in each["checks"]}
    assert misconception in named
    assert misconception in html
    assert misconception in text
    assert "<details>" in html
    assert "<script" not in html
    assert verdict(mended)[0]["outcome"] == "passed"


BAD = [
    ("%%step 05 build_fuor\ndef build_four(): pass", "has no step 'build_fuor'"),
    ("%%step 99 build_four\ndef build_four(): pass", "no exercise '99'"),
    ("%%step 05\ndef build_four(): pass", "required: step"),
    ("%%step 05 switch_on\ndef build_four(): pass", "does not define `switch_on` (it defines build_four)"),
    ("%%step 05 switch_on\n!pip install x\ndef switch_on(t): pass", "line 2 of this cell is IPython's, `!pip"),
    ("%%step 05 switch_on\ndef switch_on(t): pass\n%matplotlib inline", "line 3 of this cell is IPython's"),
    ("%%step 05 switch_on\ndef switch_on(t:\n    pass", "is not Python; line 2: '(' was never closed"),
    ("%%step 05 switch_on\ndef switch_on(t): pass\n%%step 05 build_four\ndef build_four(): pass", "begins another"),
    ("%%step 05 switch_on\ndef switch_on(t): pass\n%%step 16 x\ndef x(): pass", "begins another, `%%step 16 x`"),
    ("%%kata 05\nx = 1", "defines no step of 05_leaf_and_grad"),
    ("%%step 05 switch_on --seed x\ndef switch_on(t): pass", "a seed is a number"),
    ("%%step 05 'switch_on\ndef switch_on(t): pass", "no closing quotation"),
    ("%hint 99", "no exercise '99'"),
    ("%explain no-such-thing", "no misconception is called"),
    ("%compare 16", "no cell of 16"),
    ("%katas --keep /nowhere/x.json", "cannot be kept in /nowhere/x.json"),
]  # fmt: skip


HELPERS = "from math import nan\nLIMIT = 1\ndef both(a, b):\n    return (a and b) if LIMIT else nan"
ROW = """%%step 05 predict_row
def predict_row(requires_grad, is_result):
    recorded = both(requires_grad, is_result)
    return recorded, not recorded, {}
"""
SWITCH = "def switch_on(tensor):\n    return tensor.requires_grad_()\n"
CELLS = {
    "load": LOAD,
    "wrong": "%%step 05 build_four\n" + solved(FIFTH, FIFTH.wrong_answers / "hard-coded-device.py")["build_four"],
    "explained": "%explain",
    "hinted": "%hint 05 build_four",
    "no hint": "%hint 05 4 --again",
    "helpers": HELPERS,
    "brought": ROW.format("requires_grad and not recorded"),
    "missing": ROW.format("nowhere"),
    **{cell: cell for cell, _ in BAD},
    "whole": "%%kata 05\n" + FIFTH.solution.read_text(encoding="utf-8"),
    "compared": "%compare",
    "katas": "%katas",
    "light": "import sys\nprint('torch' in sys.modules, 'build_four' in globals())",
    "define": f"%%step 05 switch_on --define\n{SWITCH}",
    "defined": "print(switch_on.__name__)",
}


@pytest.fixture(scope="module")
def ran(mine):
    """What came of each of these cells, in one kernel."""
    return dict(zip(CELLS, run(mine, list(CELLS.values())), strict=True))


def test_what_the_grader_does_leaves_torch_and_the_cells_out_of_the_kernel(ran):
    assert verdict(ran["wrong"])[0]["steps"][2]["outcome"] != "passed"
    assert said(ran["light"]) == "False False"


def test_with_define_a_cell_also_runs_as_an_ordinary_one(ran):
    assert verdict(ran["define"])[0]["steps"][-1]["outcome"] == "passed"
    assert said(ran["defined"]) == "switch_on"


def test_what_a_step_uses_is_found_in_other_cells(ran):
    found, _, text = verdict(ran["brought"])
    assert found["steps"][0]["outcome"] == "passed"
    assert "`both` from In [6]" in text


def test_what_is_in_no_cell_is_said_and_lines_are_those_of_the_cell(ran):
    found, html, text = verdict(ran["missing"])
    assert found["steps"][0]["outcome"] == "raised"
    assert found["steps"][0]["checks"][0]["lines"][-1]["number"] == 4
    assert "`nowhere` is missing" in text
    assert "<code>nowhere</code> is missing" in html


def test_hints_and_explanations(ran):
    assert "device" in ran["explained"][0].data["text/plain"]
    assert "hint 1 of 3" in ran["hinted"][0].data["text/plain"]
    assert "no hint for `middle_and_leaf` yet" in said(ran["no hint"])


def test_a_whole_exercise_in_a_cell_the_comparison_and_where_one_stands(ran):
    assert verdict(ran["whole"])[0]["score"] == {"passed": 6, "total": 6}
    assert "the same code" in ran["compared"][0].data["text/html"]
    assert "passed 6 of 6 steps" in ran["katas"][0].data["text/plain"]


@pytest.mark.parametrize(("cell", "line"), BAD)
def test_bad_input_is_one_line(ran, cell, line):
    assert line in said(ran[cell])


@pytest.fixture
def kernel(mine):
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(mine))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def until(client, kind):
    """Wait for a message of a kind; return what it holds."""
    while (message := client.get_iopub_msg(timeout=SECONDS))["msg_type"] != kind:
        pass
    return message["content"]


def until_idle(client):
    """Return the messages that come until the kernel has nothing to do."""
    found = []
    while not found or found[-1]["content"].get("execution_state") != "idle":
        found.append(client.get_iopub_msg(timeout=SECONDS))
    return found


def test_an_interrupted_grading_leaves_the_judge_in_order(kernel):
    manager, client = kernel
    client.execute(LOAD, reply=True, timeout=SECONDS)
    client.execute("%%step 05 switch_on\ndef switch_on(tensor):\n    while True: pass\n")
    assert "·" in until(client, "stream")["text"]  # how far it is
    manager.interrupt_kernel()
    client.get_shell_msg(timeout=SECONDS)
    said_after = [each["content"]["text"] for each in until_idle(client) if each["msg_type"] == "stream"]
    assert "UsageError: interrupted: this cell was not graded, and nothing is left running" in said_after[-1]
    client.execute("%%step 05 switch_on\ndef switch_on(tensor):\n    return tensor.requires_grad_()\n")
    found = until(client, "execute_result")["data"][VERDICT]["verdicts"][0]
    assert found["steps"][-1]["outcome"] == "passed"


def test_a_kernel_without_the_package_says_what_to_do(tmp_path):
    venv.create(tmp_path, symlinks=True)
    python = tmp_path / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    others = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    Path(packages, "others.pth").write_text("\n".join(others), encoding="utf-8")
    program = (
        "from IPython.core.interactiveshell import InteractiveShell; import sys; "
        "InteractiveShell.instance().run_cell(sys.stdin.read())"
    )
    done = subprocess.run(
        [python, "-P", "-c", program], input=SET_UP.format(install='""'), capture_output=True, text=True, check=True,
        cwd=tmp_path, timeout=SECONDS, env={"IPYTHONDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.count("\n") == 1
    assert "put pytorch_katas-*.whl beside this notebook" in done.stdout


def fill(folder, texts, exercise):
    """Write a notebook in which only some steps are written."""
    stubs = solved(exercise, exercise.handed_out)
    file = folder / "notebooks" / f"{exercise.name}.ipynb"
    nbformat.write(filled(exercise, stubs | texts), file)
    return file


def test_what_is_written_in_a_notebook_comes_back_into_the_file_and_nothing_is_lost(tmp_path):
    exercise = find("05")
    assert katas(tmp_path, "init", "mine", "--exercises", "4-5", "--notebooks").returncode == 0
    mine = tmp_path / "mine"
    stub = mine / "exercises" / exercise.stub.name
    right = solved(exercise, exercise.solution)
    before = untouched(exercise).replace('raise NotImplementedError("step 6: switch_on")', "return 'only in the file'")
    stub.write_text(before, encoding="utf-8")
    file = fill(mine, {name: text for name, text in right.items() if name != "switch_on"}, exercise)
    done = katas(mine, "notebook", "05", "--back")
    assert (done.returncode, done.stderr) == (0, "")
    assert "predict_row, will_keep_grad, build_four, middle_and_leaf, result_requires_grad" in done.stdout
    after = stub.read_text(encoding="utf-8")
    assert all(text in after for name, text in right.items() if name != "switch_on")
    assert "only in the file" in after
    assert after.startswith(before[: before.index("def predict_row")])
    [backup] = (mine / ".grader" / "backup" / exercise.name).iterdir()
    assert backup.read_text(encoding="utf-8") == before
    assert katas(mine, "notebook", "05", "--back", file).returncode == 0
    assert stub.read_text(encoding="utf-8") == after
    assert katas(mine, "reset", "05", "--undo").returncode == 0
    assert stub.read_text(encoding="utf-8") == before


NOT_BACK = [
    (None, "there is no notebook"),
    (b"", "is not a notebook"),
    (b"[1, 2]", "is not a notebook"),
    (b"\xff\xfe", "is not a notebook"),
    (["%%step 04 add_\ndef add_(): pass"], "holds no cell of 05_leaf_and_grad"),
    (["%%step 05 switch_on\n!ls\ndef switch_on(t): return t"], "cell 1: line 2 of this cell is IPython's"),
    (["x = 1", "%%step 05 switch_on\ndef switch_on(t: return t"], "cell 2: this cell is not Python"),
    (["%%step 05 switch_in\ndef switch_on(t): return t"], "cell 1: 05_leaf_and_grad has no step 'switch_in'"),
]


@pytest.mark.parametrize(("content", "line"), NOT_BACK)
def test_what_cannot_be_brought_back_changes_nothing(mine, tmp_path, content, line):
    file, stub = tmp_path / "some.ipynb", mine / "exercises" / find("05").stub.name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content:
        nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(each) for each in content]), file)
    before = stub.read_bytes()
    done = katas(mine, "notebook", "05", "--back", file)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr
    assert "nothing was changed" in done.stderr
    assert stub.read_bytes() == before


def test_a_notebook_that_is_there_stays(mine):
    file = mine / "notebooks" / f"{find('16').name}.ipynb"
    before = file.read_bytes()
    file.write_bytes(before + b"\n\n")
    done = katas(mine, "notebook", "16")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert file.read_bytes() == before + b"\n\n"
    assert "as they were: 1" in katas(mine, "notebook", "all").stdout
    file.write_bytes(before)


def test_the_badge_leads_to_where_notebooks_are_published(mine, tmp_path):
    done = katas(mine, "notebook", "05", "--out", tmp_path, "--github", "somebody/katas@spring")
    assert done.returncode == 0
    notebook = json.loads((tmp_path / "05_leaf_and_grad.ipynb").read_text(encoding="utf-8"))
    assert "/github/somebody/katas/blob/spring/notebooks/05_leaf_and_grad.ipynb)" in "".join(
        notebook["cells"][0]["source"]
    )
    assert "git+https://github.com/somebody/katas@spring" in "".join(notebook["cells"][1]["source"])
    assert katas(mine, "notebook", "05", "--out", tmp_path / "x", "--github", "nobody").returncode == 2


def test_an_update_brings_notebooks_only_to_who_has_them(tmp_path):
    katas(tmp_path, "init", "with", "--exercises", "4", "--notebooks")
    katas(tmp_path, "init", "without", "--exercises", "4")
    for folder in ("with", "without"):
        assert katas(tmp_path / folder, "update", "--exercises", "5").returncode == 0
    assert (tmp_path / "with" / "notebooks" / "05_leaf_and_grad.ipynb").exists()
    assert not (tmp_path / "without" / "notebooks").exists()


def test_every_exercise_is_a_notebook_with_a_cell_for_each_step():
    for exercise in (find("05"), find("24"), find("35")):
        cells = code(nbformat.reads(written(exercise).decode(), as_version=4))
        heads = [cell.partition("\n")[0] for cell in cells if cell.startswith("%%step")]
        assert heads == [f"%%step {exercise.number:02} {step}" for step in exercise.steps]
        assert written(exercise) == written(exercise)


def test_an_example_that_raises_does_not_end_a_run_of_all_cells():
    cells = json.loads(written(find("26")))["cells"]
    assert [cell["metadata"]["tags"] for cell in cells if cell["metadata"]] == [["raises-exception"]]
