"""The learner's commands as a learner runs them, in a copy of the checkout: what they print, keep and exit with."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import exercises, find
from grader.catalogue.misconceptions import misconceptions
from grader.record.progress import Progress

STUB, WRITTEN = find("05").stub.read_bytes(), find("05").solution.read_bytes() + b"# mine, caf\xe9\r\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A copy of what these commands need, to be copied or read."""
    folder = tmp_path_factory.mktemp("whole")
    left_out = shutil.ignore_patterns("__pycache__", "tests", "checks", "probes", "peers")
    shutil.copytree(places.checkout() / "grader", folder / "grader", ignore=left_out)
    shutil.copytree(places.checkout() / "exercises", folder / "exercises", ignore=left_out)
    return folder


@pytest.fixture
def here(whole, tmp_path):
    """A copy of one's own, with a name that must not be taken for markup."""
    folder = tmp_path / "my [bold] [/katas]"
    folder.mkdir(parents=True)
    for path in whole.iterdir():
        if path.name != ".grader":
            shutil.copytree(path, folder / path.name, copy_function=os.link)
    stub = folder / "exercises" / find("05").stub.name
    stub.unlink()  # a link so far, shared with the other copies
    stub.write_bytes(STUB)
    return folder


def run(folder, *arguments, **environment):
    """Run a command at home nowhere, in 80 columns unless told otherwise; no traceback ever."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    home = {"HOME": str(folder / "home"), "GIT_CEILING_DIRECTORIES": str(folder.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "grader", *arguments], cwd=folder, capture_output=True, text=True, timeout=60,
        check=False, env=kept | home | {"PYTHONIOENCODING": "utf-8"} | environment,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    return done


def one_line(done, code):
    """Return the one line that such an end prints."""
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def plain(text):
    """Return a text as one line, however it was broken."""
    return " ".join(text.split())


def test_hints_come_one_by_one_and_are_remembered(here):
    said = [run(here, "hint", "05").stdout for _ in range(4)]
    assert [re.search(r"hint (\d) of 3", each)[1] for each in said] == ["1", "2", "3", "3"]
    assert [len(re.findall(r"^\d\. ", each, re.MULTILINE)) for each in said] == [1, 2, 3, 3]
    assert "compare 05" in said[-1]
    assert run(here, "hint", "05", "--again").stdout == said[-1]


@pytest.mark.parametrize("name", ["will_keep_grad", "2", "02"])
def test_a_step_is_named_by_name_or_number(here, name):
    assert "05 will_keep_grad   hint 1 of 3" in run(here, "hint", "leaf_and_grad", name).stdout


@pytest.mark.parametrize("name", ["nope", "0", "7", "-1", "", "9" * 5000, "²"])
def test_an_unknown_step_is_one_line_that_names_the_steps(whole, name):
    said = one_line(run(whole, "hint", "05", "--", name), 2)
    assert all(step in said for step in find("05").steps)


def test_no_hint_again_before_the_first(here):
    assert "leave out --again" in one_line(run(here, "hint", "05", "--again"), 2)


def test_an_explanation_has_title_why_example_and_where_to_read_on(whole):
    done = run(whole, "explain", "gradients-accumulate")
    found = misconceptions()["gradients-accumulate"]
    assert done.returncode == 0
    for part in (found.title, found.why, found.look, "You have not met it yet."):
        assert plain(part) in plain(done.stdout)
    assert ">>> (3 * w).backward()" in done.stdout
    assert found.read_on in done.stdout


def test_an_explanation_tells_where_it_was_met(here):
    met = {"exercise": "05_leaf_and_grad", "step": "switch_on", "misconception": "view-is-copy"}
    record = {"format": "pytorch-katas progress", "version": 1, "attempt": [], "hint": []}
    times = [met | {"at": 86400.0 * day} for day in (100, 101)]
    (here / "progress.json").write_text(json.dumps(record | {"met": times}), encoding="utf-8")
    assert run(here, "import", "progress.json").returncode == 0
    said = plain(run(here, "explain", "view-is-copy").stdout)
    assert "You met it in 05_leaf_and_grad switch_on (twice, last on 1970-04-1" in said
    assert run(here, "explain").stdout.startswith("● view-is-copy")


def test_an_example_runs_and_shows_what_happens(here):
    (here / "grader" / "curriculum" / "examples" / "view-is-copy.txt").unlink()
    text = "See:\n\n>>> for number in range(2):\n...     number\n0\n1\n>>> 1 / 0\n\nRead on: https://example.org\n"
    (here / "grader" / "curriculum" / "examples" / "view-is-copy.txt").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "grader", "explain", "view-is-copy", "--run"]
    shown = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout
    assert "...     number\n0\n1\n>>> 1 / 0\nTraceback" in shown
    assert "ZeroDivisionError" in shown


def test_with_no_name_all_are_explained(whole):
    said = run(whole, "explain").stdout
    assert all(name in said for name in misconceptions())
    assert f"{len(misconceptions())} in all" in plain(said)


@pytest.mark.parametrize(
    ("name", "also"), [("gradient-accumulate", "gradients-accumulate"), ("zzz", "lists them all"), ("", "lists them")]
)
def test_an_unknown_misconception_is_one_line_with_names_like_it(whole, name, also):
    assert also in one_line(run(whole, "explain", name), 2)


@pytest.mark.parametrize("command", ["hint", "reset"])
def test_an_unknown_exercise_is_one_line(whole, command):
    assert "python -m grader list" in one_line(run(whole, command, "99"), 2)


def test_reset_and_undo(here):
    stub = here / "exercises" / find("05").stub.name
    assert run(here).returncode == 0  # keeps the copy that there is no history for
    assert "nothing to reset" in one_line(run(here, "reset", "05"), 2)
    stub.write_bytes(WRITTEN)
    done = run(here, "reset", "05")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first == "exercises/05_leaf_and_grad.py is as it was handed out."
    kept = here / re.search(r"kept in (\.grader/\S+\.py);", second)[1]
    assert "`python -m grader reset 05 --undo`" in second
    assert (kept.read_bytes(), stub.read_bytes()) == (WRITTEN, STUB)
    done = run(here, "reset", "05", "--undo")
    assert (done.returncode, stub.read_bytes()) == (0, WRITTEN)
    assert str(kept.relative_to(here)) in done.stdout
    assert "no backup" in one_line(run(here, "reset", "05", "--undo"), 2)


def test_paths_with_brackets_are_printed_as_they_are(here, tmp_path):
    stub = here / "exercises" / find("05").stub.name
    run(here)
    stub.write_bytes(WRITTEN)
    done = subprocess.run(
        [sys.executable, "-m", "grader", "reset", "05"], cwd=tmp_path, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(here)},
    )  # fmt: skip
    assert "my [bold] [/katas]/exercises/05_leaf_and_grad.py is as it was handed out." in done.stdout


def test_the_list_has_parts_titles_minutes_and_states(whole):
    done = run(whole, "list")
    assert done.returncode == 0
    for each in exercises():
        assert re.search(rf"{each.number:02}  {re.escape(each.title)} +{each.minutes} min", done.stdout)
        assert each.part in done.stdout
    assert done.stdout.count("not started") == len(exercises())


def test_the_list_as_json(here):
    rows = json.loads(run(here, "list", "--json").stdout)
    assert [row["number"] for row in rows] == [each.number for each in exercises()]
    assert rows[0]["state"] == {"cpu": "not started"}
    assert run(here, "list", "--json", "list.json").returncode == 0
    assert json.loads((here / "list.json").read_text(encoding="utf-8")) == rows
    assert "cannot be written" in one_line(run(here, "list", "--json", "no/such/list.json"), 2)


def rows_of(done):
    return re.findall(r"^(\d\d)  ", done.stdout, re.MULTILINE)


def test_the_list_is_searched(whole):
    assert rows_of(run(whole, "list", "leaves", "land")) == ["05"]
    assert rows_of(run(whole, "list", "part:autograd", "hand")) == ["08"]
    assert rows_of(run(whole, "list", "--part", "autograd", "hand")) == ["08"]
    assert [row["number"] for row in json.loads(run(whole, "list", "5", "--json").stdout)] == [5]
    done = run(whole, "list", "zebra")
    assert (done.returncode, done.stderr) == (0, "")
    assert "None of the 37 exercises fits" in done.stdout
    assert json.loads(run(whole, "list", "zebra", "--json").stdout) == []


def test_the_list_has_a_bar_for_each_part_and_the_minutes_left(whole):
    said = plain(run(whole, "list", "5").stdout)
    assert "Tensors 2 h left ░░░░░░░ 0/7" in said
    assert "1 of 37 exercises found" in said
    assert "about 11 h 55 min left" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--part", "zebra"], "the parts are Tensors; "), (["list", "--part", ""], "no part"),
        (["list", "--state", "half"], "not-started, and open"), (["list", "state:half"], "not-started, and open"),
        (["list", "--misconception", "zzz"], "explain"), (["list", "--from", "99"], "no exercise"),
        (["next", "--from", ""], "no exercise"),
    ],
    ids=str,
)  # fmt: skip
def test_a_name_that_there_is_not_is_one_line(whole, arguments, said):
    assert said in one_line(run(whole, *arguments), 2)


def test_a_fast_way(whole):
    assert "Next: 05 Leaves" in run(whole, "next", "--from", "20").stdout
    assert rows_of(run(whole, "list", "--from", "20"))[:4] == ["05", "09", "16", "20"]


def test_next_says_what_it_is_about(whole):
    said = plain(run(whole, "next").stdout)
    assert "Next: 01 Creating tensors (not started, about 15 minutes)" in said
    assert "37 are left: about 11 h 55 min" in said


def test_where_one_was_last_time_is_said_and_there_one_goes_on(here):
    attempt = {
        "submission": "a", "checks": "b", "torch": "2", "seed": 1, "steps_passed": 3, "steps": 6, "seconds": 0.1,
        "device": "cpu",
    }  # fmt: skip
    rows = [
        attempt | {"at": 86400.0 * day, "exercise": find(number).name, "outcome": outcome}
        for day, number, outcome in ((100, "16", "failed"), (101, "05", "failed"), (102, "20", "not_started"))
    ]
    Progress(here / ".grader" / "progress.sqlite3").add({"attempt": rows, "met": [], "hint": []})
    for command in ([], ["list"]):
        assert "Last time, on 1970-04-1" in run(here, *command).stdout
    assert "05 Leaves, and where gradients land, 3 of 6 steps passed" in plain(run(here).stdout)
    assert "Next: 05 Leaves" in run(here, "next").stdout


def test_every_state_on_every_device_fits_in_80_columns(here):
    attempt = {
        "at": 1.0, "submission": "a", "checks": "b", "torch": "2.13.0", "seed": 1, "steps_passed": 0, "steps": 6,
        "seconds": 0.1,
    }  # fmt: skip
    kinds = [("cpu", "failed"), ("cuda", "passed"), ("mps", "failed"), ("another", "passed")]
    rows = [attempt | {"exercise": "05_leaf_and_grad", "device": on, "outcome": kind} for on, kind in kinds]
    record = {"format": "pytorch-katas progress", "version": 1, "attempt": rows, "met": [], "hint": []}
    Progress(here / ".grader" / "progress.sqlite3").add(record)
    said = run(here, "list", COLUMNS="80").stdout
    line = next(line for line in said.splitlines() if line.startswith("05"))
    assert re.findall(r"[✓~…○] (?:passed|stale|in progress|not started)", line) == [
        "… in progress",
        "~ stale",
        "… in progress",
    ]
    assert "another" not in said
    assert all(len(line.rstrip()) <= 80 for line in said.splitlines())
    assert run(here, "list", "--device", "cuda").stdout.count("~ stale") == 1


@pytest.mark.parametrize("command", [[], ["list"], ["explain"], ["explain", "view-is-copy"]], ids=" ".join)
@pytest.mark.parametrize("columns", ["80", "60"])
def test_nothing_is_wider_than_the_terminal(whole, command, columns):
    lines = run(whole, *command, COLUMNS=columns).stdout.splitlines()
    assert all(len(line.rstrip()) <= int(columns) for line in lines if "https://" not in line)


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONIOENCODING": ""},
     {"TERM": "dumb"}, {"NO_COLOR": "1"}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("command", [["list"], ["explain", "view-is-copy"]], ids=" ".join)
def test_any_surroundings_will_do(whole, command, environment):
    done = run(whole, *command, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not started" in done.stdout or ">>>" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_only_where_it_is_wanted(whole, environment, coloured):
    """In a terminal. Emphasis such as bold may stay without colour; green or red may not."""
    import pty

    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "grader", "list"], cwd=whole, stdout=theirs, stderr=theirs, stdin=theirs,
        env=kept | {"TERM": "xterm-256color", "COLUMNS": "80"} | environment,
    ):  # fmt: skip
        os.close(theirs)
        shown = _until_closed(ours).decode()
    assert bool(re.search(r"\x1b\[(?:\d;)?3\d", shown)) == coloured
    assert "○ not started" in shown


def _until_closed(terminal):
    content = b""
    while True:
        try:
            content += os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end was closed
            return content


def test_a_reader_that_leaves_is_no_fault(whole):
    command = f"{sys.executable} -m grader explain | head -n 1"
    done = subprocess.run(["sh", "-c", command], cwd=whole, capture_output=True, text=True, check=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_no_standard_output_is_no_fault(whole):
    done = subprocess.run(["sh", "-c", f"{sys.executable} -m grader list >&-"], cwd=whole, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
@pytest.mark.parametrize("command", [["list"], ["explain"], ["export"]], ids=" ".join)
def test_a_full_disk_is_no_fault_of_the_grader(whole, command):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "grader", *command], cwd=whole, stdout=full, stderr=subprocess.PIPE, text=True,
            check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "grader: standard output cannot be written: No space left on device\n"


def test_an_exercise_that_cannot_be_read_is_one_line_in_a_comparison(here):
    stub = here / "exercises" / find("05").stub.name
    stub.unlink()
    stub.mkdir()
    assert "is a folder, not a file" in one_line(run(here, "compare", "05", "--spoil"), 2)


def test_where_nothing_can_be_kept_the_commands_still_answer(here):
    (here / ".grader").write_text("in the way", encoding="utf-8")
    for command in (["list"], [], ["explain"]):
        done = run(here, *command)
        assert (done.returncode, done.stderr) == (0, "")
    done = run(here, "hint", "05")
    assert done.returncode == 0
    assert "hint 1 of 3" in done.stdout
    assert "cannot be kept" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_record_is_set_aside_with_one_line(here):
    (here / ".grader").mkdir()
    (here / ".grader" / "progress.sqlite3").write_bytes(b"no database" * 100)
    done = run(here, "list")
    assert done.returncode == 0
    assert "set aside as progress.sqlite3.damaged-1" in done.stderr
    assert done.stderr.count("\n") == 1
    assert run(here, "list").stderr == ""
