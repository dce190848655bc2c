"""`report` from the command line: what it writes is new, what it prints is for programs, a refusal is one line."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from grader.catalogue.catalogue import find
from grader.tests.unit.test_class_out import CANVAS, CODE, MOODLE, results  # noqa: F401  a class, as a fixture


@pytest.fixture
def report(results, tmp_path):  # noqa: F811
    """Run the command beside the folder of results."""
    (tmp_path / "gradebook.csv").write_text(CANVAS, encoding="utf-8")
    (tmp_path / "grades.csv").write_text(MOODLE, encoding="utf-8")

    def call(*arguments):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "grader", "report", *arguments], cwd=tmp_path, capture_output=True, text=True,
            timeout=100, check=False, env=os.environ,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return call


def test_everything_at_once_and_nothing_over_it(report, tmp_path):
    asked = [
        "results", "--html", "html", "--csv", "a.csv", "--json", "a.json", "--junit", "a.xml", "--similarity", "sim",
        "--canvas", "gradebook.csv", "--moodle", "grades.csv", "--moodle-feedback", "feedback.zip",
    ]  # fmt: skip
    done = report(*asked)
    assert done.returncode == 0, done.stderr
    made = {"a.csv", "a.json", "a.xml", "html", "sim", "gradebook-graded.csv", "grades-graded.csv", "feedback.zip"}
    assert made <= {each.name for each in tmp_path.iterdir()}
    assert (tmp_path / "gradebook.csv").read_text(encoding="utf-8") == CANVAS
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "results" not in path.parts}
    for name in ("--csv", "--json", "--junit", "--html", "--similarity", "--canvas", "--moodle", "--moodle-feedback"):
        done = report("results", name, asked[asked.index(name) + 1])
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "results" not in path.parts}
    assert after == before


def test_similarity_has_what_was_handed_in_and_what_was_given(report, tmp_path):
    assert "7 submissions" in report("results", "--similarity", "sim").stdout
    table = list(csv.DictReader(io.StringIO((tmp_path / "sim" / "info.csv").read_text(encoding="utf-8"))))
    assert all((tmp_path / "sim" / row["filename"]).read_text(encoding="utf-8") == CODE for row in table)
    assert table[0].keys() == {"filename", "label", "created_at", "full_name"}
    assert {row["created_at"][:10] for row in table} == {"2026-11-29", "2026-12-01"}
    base = (tmp_path / "sim" / "base" / "05_leaf_and_grad.py").read_text(encoding="utf-8")
    assert "NotImplementedError" in base
    assert base != find("05").solution.read_text(encoding="utf-8")


def test_standard_output_is_for_programs(report):
    done = report("results", "--json", "-", "--csv", "out.csv")
    assert json.loads(done.stdout)["title"] == "Deep learning"
    assert "out.csv is written" in done.stderr
    assert report("results", "--json", "-", "--csv", "-").returncode == 2


def test_without_anything_it_tells_in_short(report):
    assert "05_leaf_and_grad" in report("results").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "holds no results"),
        (["results", "--exercises", "16"], "exercise 16 is not in these results"),
        (["results", "--canvas", "missing.csv"], "there is no sheet missing.csv"),
        (["results", "--moodle", "gradebook.csv"], "is no grading worksheet of Moodle"),
        (["results", "--canvas", "grades.csv"], "is no gradebook of Canvas"),
        (["results", "--canvas", "gradebook.csv", "--column", "Essay"], "--scale"),
        (["results", "--csv", "missing/a.csv"], "cannot be written"),
        (["results", "--html", "html", "--canvas", "grades.csv"], "is no gradebook of Canvas"),
        (["results", "--html", "results"], "is not empty"),
    ],
)
def test_what_is_refused_is_one_line_and_makes_nothing(report, tmp_path, arguments, said):
    before = sorted(tmp_path.iterdir())
    done = report(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert sorted(tmp_path.iterdir()) == before
    assert said in done.stderr
