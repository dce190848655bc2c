"""A folder of one's own: made by one command, brought up to date by another, and nothing in it is ever lost."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from grader import __version__, files
from grader.catalogue import places
from grader.catalogue.mark import Mark, read_mark
from grader.catalogue.places import Workspace
from grader.errors import UsageError
from grader.proofs.tools.spare_checkout import copy_checkout
from grader.record.handing_out import Came, hand_out

FIFTH = "exercises/05_leaf_and_grad.py"
OLD, NEW, MINE = b"# as it was\n", b"# as it is now\n", b"# what I wrote, caf\xe9\n"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A checkout in which nobody has solved anything."""
    folder = tmp_path_factory.mktemp("program")
    copy_checkout(folder)
    return folder


@pytest.fixture
def run(program, tmp_path):
    """Run a command somewhere; what it prints is never a traceback."""

    def command(*arguments, cwd=tmp_path):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "grader", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120,
            check=False, env=os.environ | {"PYTHONPATH": str(program), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return command


@pytest.fixture
def mine(run, tmp_path):
    """A workspace with two exercises."""
    assert run("init", "mine", "--exercises", "4-5").returncode == 0
    return tmp_path / "mine"


def refused(done):
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr


def pretend_handed_out(folder, name, content):
    """Let the workspace be of a version that handed out something else."""
    mark = read_mark(Workspace(folder)).with_file(name, files.text_hash(content))
    (folder / places.MARK).write_text(mark.text, encoding="utf-8")


def test_a_workspace_has_what_a_learner_needs(mine, program):
    assert sorted(each.name for each in mine.iterdir()) == [
        ".gitignore", ".vscode", "README.md", "exercises", "katas.toml",
    ]  # fmt: skip
    assert (mine / FIFTH).read_bytes() == (program / FIFTH).read_bytes()
    assert len(list((mine / "exercises").iterdir())) == 2
    assert "python -m grader watch" in (mine / "README.md").read_text(encoding="utf-8")
    assert len((mine / "README.md").read_text(encoding="utf-8").splitlines()) < 50


def test_what_exercises_work_on_comes_with_them(run, tmp_path):
    assert run("init", "mine", "--exercises", "22,28").returncode == 0
    found = {each.name for each in (tmp_path / "mine" / "fixtures").rglob("*") if each.is_file()}
    assert found == {"train.csv", "test.csv", "digits_0_to_4.pt"}


def test_the_editor_finds_a_failure_at_its_line(mine, run):
    tasks = json.loads((mine / ".vscode" / "tasks.json").read_text(encoding="utf-8"))["tasks"]
    grade = tasks[0]
    assert grade["args"][:3] == ["-P", "-m", "grader"]
    (mine / FIFTH).write_text((places.for_authors("pictures") / "05_leaf_and_grad.py").read_text(encoding="utf-8"))
    asked = [each.replace("${file}", str(mine / FIFTH)) for each in grade["args"][3:]]
    done = run(*asked, cwd=mine)
    pattern = grade["problemMatcher"]["pattern"]
    found = [re.match(pattern["regexp"], line) for line in (done.stdout + done.stderr).splitlines()]
    places_found = {
        (each[pattern["file"]], each[pattern["severity"]]): int(each[pattern["line"]]) for each in found if each
    }
    lines = (mine / FIFTH).read_text(encoding="utf-8").splitlines()
    assert places_found.keys() == {(FIFTH, "error"), (FIFTH, "info")}
    assert lines[places_found[FIFTH, "error"] - 1].startswith("def middle_and_leaf(")
    assert lines[places_found[FIFTH, "info"] - 1].startswith("def switch_on(")


def test_only_its_exercises_are_counted(mine, run):
    assert "0 of 2 passed" in run("list", cwd=mine).stdout
    assert "0 of 2 exercises" in run(cwd=mine).stdout
    assert "update --exercises 20" in refused(run("exercise", "20", cwd=mine))


def test_exercises_can_be_added(mine, run):
    assert "06_backward.py" in run("update", "--exercises", "6,16", cwd=mine).stdout
    assert read_mark(Workspace(mine)).exercises == "4-6,16"


def test_without_solutions(run, tmp_path):
    assert run("init", "mine", "--exercises", "5", "--without-solutions").returncode == 0
    for command in (["compare", "05"], ["compare", "05", "--spoil"], ["all", "--solutions"]):
        assert "whoever made this workspace has them" in refused(run(*command, cwd=tmp_path / "mine"))
    last = [run("hint", "05", cwd=tmp_path / "mine").stdout for _ in range(3)][-1]
    assert "That was the last one." in last
    assert "compare" not in last


@pytest.mark.parametrize("arguments", [["--exercises", "99"], ["--exercises", "5-4"]], ids=" ".join)
def test_what_is_refused_makes_nothing(run, tmp_path, arguments):
    refused(run("init", "mine", *arguments))
    assert not (tmp_path / "mine").exists()


def test_no_folder_with_something_in_it_is_taken(mine, run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("missing")
    assert "thesis.tex" in refused(run("init", "full"))
    assert "is not a folder" in refused(run("init", "file"))
    assert "is not a folder" in refused(run("init", "file/below"))
    assert "leads nowhere" in refused(run("init", "nowhere"))
    assert "update" in refused(run("init", "mine"))
    assert "cannot be made" in refused(run("init", "/proc/mine"))
    assert [each.name for each in (tmp_path / "full").iterdir()] == ["thesis.tex"]


def test_a_folder_that_only_git_has_touched_is_taken_and_so_is_one_behind_a_link(run, tmp_path):
    (tmp_path / "cloned" / ".git").mkdir(parents=True)
    (tmp_path / "link").symlink_to("cloned")
    assert run("init", "link", "--exercises", "5").returncode == 0
    assert (tmp_path / "cloned" / FIFTH).exists()


def test_an_update_of_what_is_up_to_date_changes_nothing(mine, run):
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    assert run("update", cwd=mine).stdout == "Everything is as it was: 2 exercises.\n"
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def test_what_was_only_begun_is_completed(mine, run):
    (mine / places.MARK).write_text('exercises = "4-5"\n', encoding="utf-8")
    for each in (FIFTH, "README.md", ".gitignore"):
        (mine / each).unlink()
    assert "as it was: 2 exercises" in run("update", cwd=mine).stdout
    assert (mine / FIFTH).exists()
    assert read_mark(Workspace(mine)).program == __version__


def test_an_update_brings_what_changed_and_keeps_what_was_written(mine, run, program):
    fourth = "exercises/04_inplace_ops.py"
    (mine / fourth).write_bytes(OLD)
    pretend_handed_out(mine, fourth, OLD)
    (mine / FIFTH).write_bytes(MINE)
    pretend_handed_out(mine, FIFTH, OLD)
    said = run("update", cwd=mine).stdout
    assert (mine / fourth).read_bytes() == (program / fourth).read_bytes()
    assert (mine / FIFTH).read_bytes() == MINE
    assert (mine / "exercises" / "05_leaf_and_grad.new.py").read_bytes() == (program / FIFTH).read_bytes()
    assert f"{FIFTH} → exercises/05_leaf_and_grad.new.py" in said
    assert fourth in said
    assert "as it was" in run("update", cwd=mine).stdout


def test_a_reset_brings_what_the_program_has(mine, run, program):
    (mine / FIFTH).write_bytes(MINE)
    assert run("reset", "05", cwd=mine).returncode == 0
    assert (mine / FIFTH).read_bytes() == (program / FIFTH).read_bytes()
    (mine / FIFTH).unlink()
    assert "as it was handed out" in run("reset", "05", cwd=mine).stdout


def test_a_workspace_of_another_version(mine, run):
    text = (mine / places.MARK).read_text(encoding="utf-8")
    (mine / places.MARK).write_text(text.replace(f'"{__version__}"', '"0.0.1"'), encoding="utf-8")
    assert "come from version 0.0.1" in run(cwd=mine).stderr
    (mine / places.MARK).write_text(text.replace(f'"{__version__}"', '"99.0"'), encoding="utf-8")
    assert "install the newest version" in run(cwd=mine).stderr
    assert "99.0" in refused(run("update", cwd=mine))
    (mine / places.MARK).write_text(text.replace("format = 1", "format = 2"), encoding="utf-8")
    assert "another version" in refused(run("update", cwd=mine))


@pytest.mark.parametrize("listed", ["zebra", "", "5-4", "99"])
def test_a_list_of_exercises_that_names_none_is_one_line_with_the_file(mine, run, listed):
    text = (mine / places.MARK).read_text(encoding="utf-8")
    (mine / places.MARK).write_text(text.replace('exercises = "4-5"', f'exercises = "{listed}"'), encoding="utf-8")
    for command in ([], ["list"], ["update"]):
        assert places.MARK in refused(run(*command, cwd=mine))


def test_a_checkout_is_not_updated(run, program):
    assert "git" in refused(run("update", cwd=program))


# ---- three ways ----


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "exercises").mkdir()
    return Workspace(tmp_path)


def handed(*contents):
    return {FIFTH: contents[0], **{f"exercises/{number}.py": each for number, each in enumerate(contents[1:])}}


@pytest.mark.parametrize(
    ("there", "before", "now", "left", "came"),
    [
        (None, None, NEW, NEW, Came.NEW),
        (OLD, OLD, NEW, NEW, Came.CHANGED),
        (OLD.replace(b"\n", b"\r\n"), OLD, NEW, NEW, Came.CHANGED),
        (MINE, OLD, OLD, MINE, None),
        (MINE, OLD, NEW, MINE, Came.BESIDE),
        (MINE, None, NEW, MINE, Came.BESIDE),
        (NEW, OLD, NEW, NEW, None),
        (b"", OLD, NEW, b"", Came.BESIDE),
    ],
)
def test_each_file_goes_its_way(workspace, there, before, now, left, came):
    if there is not None:
        (workspace.root / FIFTH).write_bytes(there)
    mark = Mark(handed_out={FIFTH: files.text_hash(before)} if before else {})
    assert dict(hand_out(workspace, mark, handed(now))) == ({FIFTH: came} if came else {})
    assert (workspace.root / FIFTH).read_bytes() == left
    assert (workspace.root / "exercises" / "05_leaf_and_grad.new.py").exists() == (came is Came.BESIDE)
    assert not list(hand_out(workspace, read_mark(workspace), handed(now)))


def test_what_was_made_of_an_earlier_new_text_is_kept(workspace, monkeypatch):
    beside = workspace.root / "exercises" / "05_leaf_and_grad.new.py"
    (workspace.root / FIFTH).write_bytes(MINE)
    beside.write_bytes(OLD)
    list(hand_out(workspace, Mark(), handed(NEW)))
    assert beside.read_bytes() == NEW
    assert [each.read_bytes() for each in workspace.backups.rglob("*.py")] == [OLD]


def test_a_link_stays_a_link(workspace):
    (workspace.root / "elsewhere.py").write_bytes(OLD)
    (workspace.root / FIFTH).symlink_to("../elsewhere.py")
    list(hand_out(workspace, Mark(handed_out={FIFTH: files.text_hash(OLD)}), handed(NEW)))
    assert (workspace.root / FIFTH).is_symlink()
    assert (workspace.root / "elsewhere.py").read_bytes() == NEW


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_line(workspace):
    (workspace.root / FIFTH).write_bytes(OLD)
    (workspace.root / "exercises").chmod(0o500)
    mark = Mark(handed_out={FIFTH: files.text_hash(OLD)})
    with pytest.raises(UsageError, match="cannot be written"):
        list(hand_out(workspace, mark, handed(NEW)))
    assert (workspace.root / FIFTH).read_bytes() == OLD


def test_what_cannot_be_read_is_not_replaced(workspace):
    (workspace.root / FIFTH).mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        list(hand_out(workspace, Mark(), handed(NEW)))


def ended_at(count, workspace, mark, contents):
    """Hand out in a process that is killed at its nth change on disk; return whether it came that far."""
    pid = os.fork()
    if pid == 0:
        left = count

        def kill(event, arguments):
            nonlocal left
            writes = event == "open" and isinstance(arguments[1], str) and "w" in arguments[1]
            if writes or event in ("os.rename", "os.mkdir", "os.remove", "os.chmod"):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        list(hand_out(workspace, mark, contents))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def test_killed_anywhere_it_can_be_done_again_and_nothing_is_lost(tmp_path):
    contents = handed(NEW, NEW, NEW, NEW)
    before = dict.fromkeys(contents, files.text_hash(OLD))
    for count in range(1, 200):
        workspace = Workspace(tmp_path / str(count))
        (workspace.root / "exercises").mkdir(parents=True)
        (workspace.root / FIFTH).write_bytes(MINE)
        (workspace.root / "exercises" / "0.py").write_bytes(OLD)
        (workspace.root / "exercises" / "1.py").write_bytes(OLD)
        workspace.mark.write_text(Mark(handed_out=before).text, encoding="utf-8")
        killed = ended_at(count, workspace, read_mark(workspace), contents)
        list(hand_out(workspace, read_mark(workspace), contents))
        found = {each.name: each.read_bytes() for each in (workspace.root / "exercises").iterdir()}
        assert found == {
            "05_leaf_and_grad.py": MINE, "05_leaf_and_grad.new.py": NEW, "0.py": NEW, "1.py": NEW, "2.py": NEW,
        }  # fmt: skip
        assert read_mark(workspace).program == __version__
        assert {each.name for each in workspace.root.iterdir()} == {"exercises", "katas.toml"}
        if not killed:
            break
    assert count > 15
