"""The command line: exit codes, one clear line for bad input, and output that programs can read."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET

import jsonschema
import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import exercises, find
from grader.reports.to_json import SCHEMA_FILE

STUB, SOLUTION = str(find("05").stub), str(find("05").solution)


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "grader", *arguments], cwd=places.checkout(), timeout=120, check=False,
        capture_output=True, text=True, env=os.environ | {"COLUMNS": "100"} | environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    """The solution of 05 graded with every output asked for."""
    folder = tmp_path_factory.mktemp("out")
    done = run(
        "exercise", "05", "--file", SOLUTION, "--seed", "11", "--json", "-", "--junit", str(folder / "junit.xml")
    )
    return done, folder / "junit.xml"


def test_a_pass_exits_with_0_and_standard_output_is_json_alone(passed):
    done, _ = passed
    assert done.returncode == 0
    document = json.loads(done.stdout)
    jsonschema.validate(document, json.loads(SCHEMA_FILE.read_text()))
    assert document["verdicts"][0]["seed"] == 11
    assert "6 of 6 steps passed" in done.stderr


def test_junit_names_every_check(passed):
    suites = ET.parse(passed[1]).getroot()
    assert suites.get("failures") == "0"
    assert len(suites.findall("./testsuite/testcase")) == int(suites.get("tests"))


def test_something_not_passed_exits_with_1_and_names_no_line_of_ours():
    done = run("exercise", "05", "--file", STUB)
    assert done.returncode == 1
    assert "not started" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_every_device_has_its_column_and_a_missing_one_is_no_pass(passed):
    done = run("exercise", "05", "--file", SOLUTION, "--device", "all", "--json", "-")
    outcomes = {verdict["device"]: verdict["outcome"] for verdict in json.loads(done.stdout)["verdicts"]}
    assert set(outcomes) == {"cpu", "cuda", "mps"}
    assert outcomes["cpu"] == "passed"
    assert (done.returncode == 0) == (set(outcomes.values()) == {"passed"})
    assert all(device in done.stderr for device in outcomes)


@pytest.mark.parametrize(
    "arguments",
    [
        ["exercise", "99"],
        ["exercise", "no_such_slug"],
        ["exercise", "05", "--file", "no/such/file.py"],
        ["exercise", "05", "--file", str(places.checkout())],
        ["exercise", "05", "--seed", "-1"],
        ["exercise", "05", "--limit", "nan"],
        ["exercise", "05", "--device", "tpu"],
        ["exercise"],
        ["no-such-command"],
        ["audit", "99"],
    ],
    ids=" ".join,
)
def test_bad_usage_exits_with_2_and_no_traceback(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_device_that_is_not_here_is_one_line_and_2():
    import torch

    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    done = run("exercise", "05", "--device", missing)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_list_loads_neither_torch_nor_pytest():
    look = "sys.exit(bool({'torch', 'pytest'} & set(sys.modules)))"
    code = f"import sys; from grader.cli import main; main(['list']); {look}"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=places.checkout(), check=False, capture_output=True).returncode
        == 0
    )


def test_list_shows_every_exercise():
    done = run("list")
    assert done.returncode == 0
    assert all(each.title in done.stdout for each in exercises())


def test_no_command_says_what_is_next():
    done = run()
    assert done.returncode == 0
    assert "python -m grader exercise" in done.stdout


def test_a_locale_that_cannot_hold_our_signs_costs_nothing_but_them():
    done = run("list", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0
    assert "passed on cpu" in done.stdout


def test_a_file_whose_name_is_no_text_is_graded_and_named_in_every_report(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"bad\xffname.py")
    with open(path, "wb") as file:
        file.write(find("05").solution.read_bytes())
    outputs = [f"--{name}={tmp_path / name}" for name in ("json", "junit", "svg")]
    done = run("exercise", "05", "--file", os.fsdecode(path), *outputs)
    assert (done.returncode, done.stderr) == (0, "")
    assert all("bad\N{REPLACEMENT CHARACTER}name.py" in (tmp_path / name).read_text() for name in ("json", "svg"))


def test_how_a_process_ended_is_known_where_nobody_wants_to_hear_of_it(tmp_path):
    path = tmp_path / "05.py"
    path.write_text(find("05").solution.read_text() + "def switch_on(tensor):\n    import os; os._exit(3)\n")
    done = subprocess.run(
        [sys.executable, "-m", "grader", "exercise", "05", "--file", str(path)], cwd=places.checkout(), timeout=120,
        check=False, capture_output=True, text=True, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
    )  # fmt: skip
    assert "exit code 3" in " ".join(done.stdout.split())


def test_piped_output_has_no_colour(passed):
    assert "\x1b[" not in passed[0].stderr


@pytest.mark.parametrize("debug", [False, True])
def test_a_traceback_is_shown_to_whoever_asks_for_it(debug):
    done = run("exercise", "99", GRADER_DEBUG="1" if debug else "")
    assert done.returncode == 2
    assert ("Traceback (most recent call last)" in done.stderr) == debug
    assert done.stderr.splitlines()[-1].startswith("grader: there is no exercise '99'")
