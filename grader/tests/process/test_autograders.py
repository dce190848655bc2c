"""Autograders of other systems, run as their contracts say, in folders of their own below a root."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.proofs.tools import examples_elsewhere

SOLUTION = find("05").solution
COURSE = "points = 2\n[exercises.05]\npoints = { predict_row = 3 }\n"


def called(*command, cwd, **environment):
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=200, check=False, env=os.environ | environment
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def katas(cwd, *arguments, **environment):
    return called(sys.executable, "-P", "-m", "grader", *arguments, cwd=cwd, **environment)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """What `setup.sh` makes: an environment that has the grader."""
    folder = tmp_path_factory.mktemp("home") / "bin"
    folder.mkdir()
    (folder / "katas").touch()
    script = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
    (folder / "python").write_text(script)
    (folder / "python").chmod(0o755)
    return str(folder.parent)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    (folder / "course.toml").write_text(COURSE)
    done = katas(folder, "gradescope", "--exercises", "05", "--course", "course.toml", "--out", "autograder.zip")
    assert done.returncode == 0, done.stderr
    assert "13 points" in done.stdout
    return folder / "autograder.zip"


@pytest.fixture
def container(archive, tmp_path):
    """The folders of Gradescope's contract."""
    for name in ("source", "submission", "results"):
        (tmp_path / "autograder" / name).mkdir(parents=True)
    with zipfile.ZipFile(archive) as held:
        held.extractall(tmp_path / "autograder" / "source")
    return tmp_path / "autograder"


def run_autograder(container, home):
    script = container / "source" / "run_autograder"
    return called("bash", str(script), cwd=container, KATAS_HOME=home, AUTOGRADER_ROOT=str(container))


def test_the_zip_is_what_gradescope_unpacks(archive):
    with zipfile.ZipFile(archive) as held:
        modes = {each.filename: each.external_attr >> 16 for each in held.infolist()}
        texts = {name: held.read(name) for name in modes}
    assert {"setup.sh", "run_autograder", "katas.json", "constraints.txt", "torch.txt"} < modes.keys()
    assert all(modes[name] & 0o111 for name in ("setup.sh", "run_autograder"))
    assert all(texts[name].startswith(b"#!/usr/bin/env bash\n") for name in ("setup.sh", "run_autograder"))
    assert b"\r" not in texts["setup.sh"]
    assert b"+cpu" not in texts["constraints.txt"] + texts["torch.txt"]
    [wheel] = [name for name in modes if name.endswith(".whl")]
    subprocess.run(["bash", "-n"], input=texts["setup.sh"], check=True)
    assert wheel.startswith("pytorch_katas-")


def test_the_same_task_makes_the_same_program(archive, tmp_path):
    assert katas(tmp_path, "gradescope", "--exercises", "05", "--out", "again.zip").returncode == 0
    with zipfile.ZipFile(archive) as one, zipfile.ZipFile(tmp_path / "again.zip") as other:
        [wheel] = [name for name in one.namelist() if name.endswith(".whl")]
        assert one.read(wheel) == other.read(wheel)


def test_the_program_in_it_is_whole(archive, tmp_path):
    """Every file of the wheel is listed with its hash, as pip checks it."""
    with zipfile.ZipFile(archive) as held:
        [wheel] = [name for name in held.namelist() if name.endswith(".whl")]
        held.extract(wheel, tmp_path)
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", "there", wheel]
    subprocess.run(pip, cwd=tmp_path, check=True, capture_output=True)
    for name in ("checks/test_05_leaf_and_grad.py", "solutions/05_leaf_and_grad.py", "exercises/05_leaf_and_grad.py"):
        assert (tmp_path / "there" / "grader" / "curriculum" / name).is_file()
    assert not (tmp_path / "there" / "grader" / "tests").exists()


def test_a_submission_is_graded_where_gradescope_puts_it(container, home):
    (container / "submission" / "05_leaf_and_grad.py").write_bytes(SOLUTION.read_bytes())
    people = {
        "users": [{"id": 1, "email": "ada@example.org"}],
        "assignment": {"due_date": "2026-12-24T18:00:00.0+01:00"},
    }
    (container / "submission_metadata.json").write_text(json.dumps(people))
    done = run_autograder(container, home)
    assert done.returncode == 0, done.stderr
    document = json.loads((container / "results" / "results.json").read_text(encoding="utf-8"))
    assert [test["score"] for test in document["tests"]] == [3, 2, 2, 2, 2, 2]
    [verdict] = document["extra_data"]["verdicts"]
    assert verdict["outcome"] == "passed"
    assert verdict["submission"] == "05_leaf_and_grad.py"


def test_what_cannot_be_graded_is_told_to_the_student(container, home):
    (container / "submission" / "05_leaf_and_grad.py").symlink_to(SOLUTION)
    assert run_autograder(container, home).returncode == 0
    document = json.loads((container / "results" / "results.json").read_text(encoding="utf-8"))
    assert sum(test["score"] for test in document["tests"]) == 0
    assert "is a link" in document["output"]


@pytest.mark.parametrize("fault", ["no submission", "damaged task", "damaged metadata", "no such device"])
def test_a_fault_is_no_zero(container, home, fault):
    (container / "submission" / "05_leaf_and_grad.py").write_bytes(SOLUTION.read_bytes())
    task = container / "source" / "katas.json"
    if fault == "no submission":
        (container / "submission").rename(container / "elsewhere")
    elif fault == "damaged task":
        task.write_text("{")
    elif fault == "damaged metadata":
        (container / "submission_metadata.json").write_text("[]")
    else:
        task.write_text(json.dumps(json.loads(task.read_text()) | {"course": 'device = "cuda"\n[exercises.05]\n'}))
    script = str(container / "source" / "run_autograder")
    environment = {"KATAS_HOME": home, "AUTOGRADER_ROOT": str(container), "CUDA_VISIBLE_DEVICES": ""}
    done = called("bash", script, cwd=container, **environment)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert not list((container / "results").iterdir())


def test_an_image_that_can_grade_proves_it(container, tmp_path):
    task = str(container / "source" / "katas.json")
    done = katas(tmp_path, "autograde", "gradescope", "--prove", "--task", task)
    assert (done.returncode, done.stdout.partition(",")[0]) == (0, "05_leaf_and_grad: passed")


def test_prairielearn(tmp_path, home):
    done = katas(tmp_path, "prairielearn", "--exercises", "05", "--image", "example/katas", "--out", "made")
    assert done.returncode == 0, done.stderr
    made = tmp_path / "made"
    info = json.loads((made / "question" / "info.json").read_text())
    assert info["externalGradingOptions"] == {
        "enabled": True, "image": "example/katas", "entrypoint": "/usr/local/bin/grade", "timeout": 120,
    }  # fmt: skip
    assert 'file-name="05_leaf_and_grad.py"' in (made / "question" / "question.html").read_text()
    assert b"NotImplementedError" in (made / "question" / "05_leaf_and_grad.py").read_bytes()
    root = tmp_path / "grade"
    (root / "student").mkdir(parents=True)
    (made / "question" / "tests").rename(root / "tests")
    (root / "student" / "05_leaf_and_grad.py").write_bytes(SOLUTION.read_bytes())
    done = called("bash", str(made / "image" / "grade"), cwd=root, KATAS_HOME=home, GRADE_ROOT=str(root))
    assert done.returncode == 0, done.stderr
    document = json.loads((root / "results" / "results.json").read_text())
    assert (document["gradable"], document["score"]) == (True, 1)


def test_classroom50(tmp_path, home):
    assert katas(tmp_path, "classroom50", "--exercises", "05", "--out", "made").returncode == 0
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    (checkout / "05_leaf_and_grad.py").write_bytes(SOLUTION.read_bytes())
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    stamp = {"GIT_COMMITTER_DATE": "2026-11-30T10:00:00Z"}
    subprocess.run(["git", *who, "commit", "-qm", "Mine"], cwd=checkout, check=True, env=os.environ | stamp)
    autograder = str(tmp_path / "made" / "autograder.py")
    environment = examples_elsewhere.ENVIRONMENT | {"KATAS_HOME": home}
    done = called(sys.executable, autograder, cwd=checkout, **environment)
    assert done.returncode == 0, done.stderr
    document = json.loads((checkout / "result.json").read_text())
    assert (document["score"], document["max-score"]) == (6, 6)
    assert document["datetime"] == "2026-11-30T10:00:00Z"
    assert "passed" in (checkout / "release-body.md").read_text(encoding="utf-8")
    done = called(sys.executable, autograder, cwd=tmp_path, **environment | {"COMMIT_URL": ""})
    assert done.returncode == 3
    assert not (tmp_path / "result.json").exists()


def test_a_workflow_lies_in_a_repository_and_over_nothing(tmp_path):
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "README.md").touch()
    assert katas(tmp_path, "action", "--exercises", "05", "--out", "repository").returncode == 0
    workflow = tmp_path / "repository" / ".github" / "workflows" / "katas.yml"
    workflow.write_text("mine")
    done = katas(tmp_path, "action", "--exercises", "05", "--out", "repository")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert workflow.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--exercises", "99"], "no exercise '99'"),
        (["--course", "missing.toml"], "no course file missing.toml"),
        (["--course", "other.toml", "--exercises", "05", "16"], "exercise 05 is not in other.toml, which has 16"),
        (["--course", "typo.toml"], "typo.toml, line 1: 'pionts' is not known here; did you mean 'points'?"),
    ],
)
def test_what_cannot_be_made_is_one_line(tmp_path, arguments, said):
    (tmp_path / "other.toml").write_text("[exercises.16]\n")
    (tmp_path / "typo.toml").write_text("pionts = 1\n")
    done = katas(tmp_path, "gradescope", *arguments, "--out", "a.zip")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert not (tmp_path / "a.zip").exists()


def test_points_that_classroom50_cannot_count(tmp_path):
    (tmp_path / "course.toml").write_text("[exercises.05]\npoints = 0.5\n")
    done = katas(tmp_path, "classroom50", "--course", "course.toml", "--out", "made")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (tmp_path / "made").exists()


def test_the_examples_are_what_is_made_today():
    folder = places.for_authors("elsewhere")
    version = f"'{sys.version_info.major}.{sys.version_info.minor}'"
    made = {name: text.replace(version, "'3.11'") for name, text in examples_elsewhere.made().items()}
    assert made == {name: Path(folder, name).read_text(encoding="utf-8") for name in made}
