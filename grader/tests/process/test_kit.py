"""A kit holds what learners need and nothing that solves anything, whatever lies in the checkout that makes it."""

import json
import os
import subprocess
import sys
import zipfile

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.catalogue.mark import read_mark
from grader.catalogue.places import Workspace
from grader.proofs.tools.spare_checkout import copy_checkout

FIFTH = "exercises/05_leaf_and_grad.py"
CHOSEN = ("--exercises", "05", "16", "22-23")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A checkout in which nobody has solved anything."""
    folder = tmp_path_factory.mktemp("program")
    copy_checkout(folder)
    return folder


def called(program, cwd, *arguments):
    # By its own path, for an environment may have another copy of the grader in front of PYTHONPATH.
    boot = f"import sys; sys.path.insert(0, {str(program)!r}); from grader.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", boot, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120,
        check=False, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    return done


def only_solved():
    """Return lines that solutions and hidden checks have, and stubs have not."""
    found = set()
    for each in map(find, ("05", "16", "22", "23")):
        stub = (places.checkout() / FIFTH).with_name(f"{each.name}.py").read_text(encoding="utf-8")
        known = [each.solution, each.checks, *each.right_answers.iterdir()]
        lines = {line.strip() for path in known for line in path.read_text(encoding="utf-8").splitlines()}
        found |= {line for line in lines if len(line) > 30 and line not in stub}
    return found


def contents(folder):
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_it_holds_a_workspace_and_nothing_that_solves_it(program, tmp_path):
    asked = [*CHOSEN, "--without-solutions", "--notebooks", "--out", "kit"]
    assert called(program, tmp_path, "kit", *asked).returncode == 0
    held = contents(tmp_path / "kit")
    assert len([name for name in held if name.endswith(".ipynb")]) == 4
    text = b"\n".join(held.values()).decode().replace('\\"', '"')  # as notebooks write it
    lines = only_solved()
    assert len(lines) > 100
    assert not [line for line in lines if line in text]
    assert read_mark(Workspace(tmp_path / "kit")).exercises == "5,16,22-23"
    refused = called(program, tmp_path / "kit", "compare", "05", "--spoil")
    assert "has them" in refused.stderr


def test_nothing_in_it_is_about_the_machine_that_made_it(program, tmp_path):
    assert called(program, tmp_path, "kit", "--exercises", "5", "--out", "kit").returncode == 0
    held = contents(tmp_path / "kit")
    for each in (sys.executable, str(program), str(tmp_path)):
        assert not [name for name, content in held.items() if each.encode() in content]
    assert b"katas watch" in held["README.md"]
    assert json.loads(held[".vscode/tasks.json"])["tasks"][0]["command"].startswith("${command:")


def test_a_zip_holds_the_same_in_one_folder_and_is_the_same_each_time(program, tmp_path):
    for out in ("kit", "class.zip", "again/class.zip"):
        (tmp_path / out).parent.mkdir(exist_ok=True)
        assert called(program, tmp_path, "kit", *CHOSEN, "--out", out).returncode == 0
    with zipfile.ZipFile(tmp_path / "class.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held == {f"class/{name}": content for name, content in contents(tmp_path / "kit").items()}
    assert (tmp_path / "class.zip").read_bytes() == (tmp_path / "again" / "class.zip").read_bytes()


def test_nothing_is_written_over(program, tmp_path):
    (tmp_path / "kit.zip").write_bytes(b"mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    for out, said in (("kit.zip", "there already"), ("full", "thesis.tex"), ("nowhere/kit.zip", "cannot be written")):
        done = called(program, tmp_path, "kit", "--exercises", "5", "--out", out)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert said in done.stderr
    assert (tmp_path / "kit.zip").read_bytes() == b"mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["full", "kit.zip"]


def test_an_exercise_that_somebody_solved_in_place_is_not_handed_out(tmp_path):
    copy_checkout(tmp_path / "program")
    (tmp_path / "program" / FIFTH).write_bytes(find("05").solution.read_bytes())
    for out in ("kit", "kit.zip"):
        done = called(tmp_path / "program", tmp_path, "kit", "--exercises", "4-5", "--out", out)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "no untouched 05_leaf_and_grad.py" in done.stderr
        assert not (tmp_path / out).exists()
