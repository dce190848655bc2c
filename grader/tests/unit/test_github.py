"""What GitHub reads: an annotation is one line and nothing else, a summary obeys nothing of a submission's."""

import re
from dataclasses import replace

import pytest

from grader.catalogue.misconceptions import misconceptions
from grader.reports.to_github import to_github
from grader.reports.to_markdown import MOST, to_markdown
from grader.tests.examples import example
from grader.verdict import Outcome

COMMAND = re.compile(r"::(\w+) file=([^,]*),line=(\d+),title=([^,]*)::(.*)")
NAMES = {"%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n", "%25": "%"}


def parsed(text):
    """Read annotations as GitHub's runner does: a command a line, escapes undone."""
    found = [COMMAND.fullmatch(line) for line in text.splitlines()]
    assert all(found)
    return [[re.sub("%..", lambda escape: NAMES[escape[0]], part) for part in each.groups()] for each in found]


def failed(**fields):
    verdict = example()
    [step] = verdict.steps
    return replace(verdict, steps=(replace(step, line=12, checks=(replace(step.checks[0], **fields),)),))


def test_an_annotation_is_at_the_learners_line():
    assert parsed(to_github([failed()])) == [["error", "a.py", "3", "f: does x", "said"]]
    assert parsed(to_github([failed(lines=())]))[0][2] == "12"


def test_it_says_what_the_misconception_is():
    known = next(iter(misconceptions().values()))
    [[*_, said]] = parsed(to_github([failed(misconception=known.id)]))
    assert said.splitlines() == ["said", known.title, known.why, f"Look: {known.look}"]


@pytest.mark.parametrize("field", ["said", "headline"])
def test_no_submission_gives_a_command(field):
    hostile = "100 %\r\n::add-mask::1\n::error file=b.py,line=1::no, never: \x1b[2J"
    shown = to_github([failed(**{field: hostile})])
    [[_, file, *_]] = parsed(shown)
    assert file == "a.py"
    assert "\x1b" not in shown


def test_a_step_has_one_annotation_and_an_open_one_a_notice():
    [step] = example().steps
    twice = replace(step, checks=step.checks * 2)
    open_step = replace(step, name="g", outcome=Outcome.NOT_STARTED, line=20)
    shown = parsed(to_github([replace(example(), steps=(twice, open_step))]))
    assert [each[:4] for each in shown] == [["error", "a.py", "3", "f: does x"], ["notice", "a.py", "20", "g"]]


def test_a_pass_is_not_annotated():
    assert to_github([example(Outcome.PASSED)]) == ""


def test_a_summary_has_every_step_and_what_is_wrong():
    shown = to_markdown([failed()])
    assert "| `f` | ✗ failed | 0 of 1 |" in shown
    assert "failed: said" in shown
    assert "line 3: return 2" in shown


@pytest.mark.parametrize("field", ["said", "called", "got", "expected", "detail"])
def test_a_block_of_a_summary_ends_where_it_should(field):
    shown = to_markdown([failed(**{field: "a\n```\n````\n<img src=x>\n# All passed\n"})])
    opened = re.search("^(`{3,})text$", shown, re.MULTILINE)[1]
    inside = shown.partition(f"{opened}text\n")[2].partition(f"\n{opened}\n")[0]
    assert len(opened) > 4
    assert "# All passed" in inside
    assert "# All passed" not in shown.replace(inside, "")


def test_a_summary_is_never_longer_than_github_takes():
    shown = to_markdown([failed(got="x" * 4000)] * 400)
    assert len(shown.encode()) <= MOST
    assert shown.endswith("may not be longer.\n")
