"""The wheel is whole: installed into an empty environment, it grades from a folder with nothing in it."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import exercises, find
from grader.sandbox.child import landlock
from grader.units import MB

STAYS = ("wrong", "equivalent.toml", "hostile", "oddities", "peers", "pictures", "tests", "borders", "__pycache__")


def called(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the sdist, built without a network."""
    folder = tmp_path_factory.mktemp("built")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run([*pip, str(places.checkout())], check=True, capture_output=True)
    hatch = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(hatch, cwd=places.checkout(), check=True, capture_output=True)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def scripts(built, tmp_path_factory):
    """The folder of commands of an environment that has the wheel, and sees the packages of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = Path(called(python, "-c", asked).stdout.strip())
    others = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    packages.joinpath("others.pth").write_text("\n".join(others), encoding="utf-8")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "--ignore-installed",
    ]
    subprocess.run([*pip, str(built[0])], check=True, capture_output=True)
    return python.parent


@pytest.fixture
def katas(scripts, tmp_path):
    """Call the script in some folder, with nothing of a checkout in sight."""

    def call(*arguments, cwd=tmp_path):
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return called(scripts / "katas", *arguments, cwd=cwd, env=kept)

    return call


def parts(each):
    return [each.stub.name, each.checks.name, each.hints.name, each.solution.name]


def test_both_hold_program_and_curriculum_and_nothing_else(built):
    wheel, sdist = built
    in_wheel = zipfile.ZipFile(wheel).namelist()
    with tarfile.open(sdist) as opened:
        in_sdist = opened.getnames()
    for names in (in_wheel, in_sdist):
        found = [Path(name).name for name in names]
        for each in exercises():
            assert all(part in found for part in parts(each))
        assert all(path.name in found for path in find("05").right_answers.glob("*.py"))
        assert all(name in found for name in ("train.csv", "digits_0_to_4.pt", "page.css", "cell.css", "tasks.json"))
        assert not [name for name in names if set(Path(name).parts) & set(STAYS) and "grader/proofs" not in name]
    assert f"grader/curriculum/exercises/{find('05').stub.name}" in in_wheel
    assert max(wheel.stat().st_size, sdist.stat().st_size) < 5 * MB


def test_what_is_built_from_the_sdist_is_the_same(built, tmp_path):
    wheel, sdist = built
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path)]
    subprocess.run([*pip, str(sdist)], check=True, capture_output=True)
    [again] = tmp_path.glob("*.whl")
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


def test_an_editable_install_copies_nothing(tmp_path):
    build = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=places.checkout(), check=True, capture_output=True)
    [editable] = tmp_path.glob("*.whl")
    names = [name for name in zipfile.ZipFile(editable).namelist() if ".dist-info/" not in name]
    assert [Path(name).suffix for name in names] == [".pth"]


def test_an_exercise_is_graded_from_an_empty_folder(katas, tmp_path):
    made = katas("init", "my-katas")
    assert (made.returncode, made.stderr) == (0, "")
    assert "katas watch" in made.stdout
    mine = tmp_path / "my-katas"
    assert "○ not started" in katas("exercise", "05", cwd=mine).stdout
    (mine / "exercises" / find("05").stub.name).write_bytes(find("05").solution.read_bytes())
    done = katas("exercise", "05", cwd=mine / "exercises")
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 of 6 steps passed" in done.stdout
    assert "What this taught" in done.stdout
    assert "What this taught" not in katas("exercise", "05", cwd=mine).stdout
    assert "Right as well" in katas("taught", "05", cwd=mine).stdout
    assert (mine / ".grader" / "progress.sqlite3").exists()
    assert "`katas list`" in katas(cwd=mine).stdout


def test_without_a_workspace_it_says_how_to_make_one(katas):
    done = katas("exercise", "05")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "katas init" in done.stderr


def test_another_system_is_given_what_is_installed(katas, built, tmp_path):
    assert katas("gradescope", "--exercises", "05", "--out", "autograder.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        [name] = [each for each in archive.namelist() if each.endswith(".whl")]
        archive.extract(name, tmp_path)
    with zipfile.ZipFile(built[0]) as one, zipfile.ZipFile(tmp_path / name) as other:
        theirs = {each: other.read(each) for each in other.namelist() if not each.endswith("/RECORD")}
        assert theirs == {each: one.read(each) for each in one.namelist() if not each.endswith("/RECORD")}


def test_another_system_grades_without_a_workspace(katas, tmp_path):
    for name in ("source", "submission"):
        (tmp_path / name).mkdir()
    task = {"exercises": ["05_leaf_and_grad"], "course": "", "seed": 1}
    (tmp_path / "source" / "katas.json").write_text(json.dumps(task), encoding="utf-8")
    (tmp_path / "submission" / "05_leaf_and_grad.py").write_bytes(find("05").solution.read_bytes())
    done = katas("autograde", "gradescope", "--root", str(tmp_path))
    assert done.returncode == 0, done.stderr
    tests = json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))["tests"]
    assert {test["status"] for test in tests} == {"passed"}


def test_nothing_of_what_it_needs_is_missed(katas, tmp_path):
    katas("init", "my-katas", "--exercises", "5")
    done = katas("doctor", cwd=tmp_path / "my-katas")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_a_notebook_in_an_empty_folder_is_graded_and_keeps_its_progress_beside_it(scripts, tmp_path):
    cell = "%%step 05 switch_on\ndef switch_on(tensor):\n    return tensor.requires_grad_()\n"
    program = f"""
from nbclient import execute
from nbformat import v4
cells = ["%load_ext grader", {cell!r}, "print(_.passed)"]
notebook = execute(v4.new_notebook(cells=[v4.new_code_cell(each) for each in cells]), kernel_name="python3")
print(notebook.cells[-1].outputs[0].text)
"""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = called(scripts / "python", "-P", "-c", program, cwd=tmp_path, env=kept)
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["katas-progress.json"]


def test_the_installation_is_looked_at_outside_of_any_workspace(katas):
    done = katas("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert "isolation" in done.stdout
    assert "katas init" in done.stdout


@pytest.mark.parametrize("command", [["audit", "05"], ["new", "38", "x"]], ids=" ".join)
def test_what_needs_a_checkout_says_so(katas, tmp_path, command):
    katas("init", "my-katas", "--exercises", "5")
    done = katas(*command, cwd=tmp_path / "my-katas")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "needs a checkout" in done.stderr


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel shields no files")
def test_a_submission_does_not_read_what_is_installed_beside_it(katas, scripts, tmp_path):
    solution = next(scripts.parent.rglob("curriculum/solutions/05_leaf_and_grad.py"))
    katas("init", "my-katas", "--exercises", "5")
    stub = tmp_path / "my-katas" / "exercises" / find("05").stub.name
    stub.write_text(f"exec(open({str(solution)!r}).read())\n", encoding="utf-8")
    done = katas("exercise", "05", cwd=tmp_path / "my-katas")
    assert done.returncode == 1
    assert "✗ refused" in done.stdout
    assert "0 of 6 steps passed" in done.stdout
